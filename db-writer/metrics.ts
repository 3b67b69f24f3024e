/** What a db-writer tells of itself. How far behind it is, the api asks Postgres, which also knows when no writer runs. */
import type { Metrics } from '../shared/io/metrics.js';
import type { Writer } from './writer.js';

const WRITE_SECONDS = [1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

export function measureWriter(metrics: Metrics, writer: Writer): void {
  let written = 0;
  const observe = metrics.histogram('lockstep_write_seconds', 'Of a transaction in Postgres', WRITE_SECONDS);
  writer.listen((commands, tookMs) => {
    written += commands;
    observe(tookMs / 1000);
  });
  metrics.counter('lockstep_written_commands_total', 'Commands written into Postgres', () => written);
}
