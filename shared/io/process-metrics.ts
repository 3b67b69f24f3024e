/** How a Node process does: processor, memory, and how late its event loop is. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics, Reading } from './metrics.js';

/** How often the event loop is looked at; a look itself is no delay. */
const RESOLUTION_MS = 10;
/** The delays that are told are those of the last whole interval. */
const INTERVAL_MS = 1000;
const PERCENTILES = { '0.5': 50, '0.99': 99, '1': 100 };

export function measureProcess(metrics: Metrics): void {
  const startedAt = Date.now() / 1000 - process.uptime();
  metrics.gauge('process_start_time_seconds', 'Since the epoch', () => startedAt);
  metrics.counter('process_cpu_seconds_total', 'Processor time', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.gauge('process_resident_memory_bytes', 'Memory in use', () => process.memoryUsage.rss());
  metrics.gauge('process_heap_bytes', 'Memory of JavaScript in use', () => process.memoryUsage().heapUsed);
  metrics.gauges(
    'lockstep_event_loop_delay_seconds',
    'How late the event loop was in the last second; quantile 1 is the longest',
    ['quantile'],
    eventLoopDelays(),
  );
}

function eventLoopDelays(): () => Reading[] {
  const looks = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  looks.enable();
  let delays: Reading[] = [];
  setInterval(() => {
    delays = Object.entries(PERCENTILES).map(([quantile, percentile]) => [
      { quantile },
      Math.max(0, looks.percentile(percentile) / 1e9 - RESOLUTION_MS / 1000),
    ]);
    looks.reset();
  }, INTERVAL_MS).unref();
  return () => delays;
}
