/** What an engine tells of itself. The core knows nothing of it: all of it is counted when a batch is durable. */
import type { Metrics, Reading } from '../shared/io/metrics.js';
import { type CommandCounts, noCommands } from './batch.js';
import { MAX_BATCH_ENTRIES } from './command-log.js';
import type { Engine } from './engine.js';

/** 1, 2, 4, … */
const BATCH_SIZES = Array.from({ length: Math.log2(MAX_BATCH_ENTRIES) + 1 }, (_, power) => 2 ** power);
const APPLY_SECONDS = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1];
const COMMIT_SECONDS = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5];

export function measureEngine(metrics: Metrics, engine: Engine, journalLimitBytes: number): void {
  const [executed, refused] = [noCommands(), noCommands()];
  let trades = 0;
  const observeSize = metrics.histogram('lockstep_batch_entries', 'List entries in a batch', BATCH_SIZES);
  const observeApply = metrics.histogram('lockstep_apply_seconds', 'To apply a batch', APPLY_SECONDS);
  const observeCommit = metrics.histogram(
    'lockstep_commit_seconds',
    'Until a batch was durable',
    COMMIT_SECONDS,
  );
  engine.listen((batch, applyMs, commitMs) => {
    add(executed, batch.executed);
    add(refused, batch.refused);
    for (const market of batch.publications.markets) trades += market.trades.length;
    observeSize(batch.taken);
    observeApply(applyMs / 1000);
    observeCommit(commitMs / 1000);
  });
  metrics.counters(
    'lockstep_commands_total',
    'Commands that were sequenced; an order is PLACE_ORDER, EXECUTED',
    ['kind', 'outcome'],
    () => [...readings(executed, 'EXECUTED'), ...readings(refused, 'REFUSED')],
  );
  metrics.counter('lockstep_trades_total', 'Trades', () => trades);
  metrics.gauge('lockstep_leading', '1 of the engine that leads', () => Number(engine.leads));
  metrics.gauge('lockstep_journal_limit_bytes', 'JOURNAL_LIMIT_MB', () => journalLimitBytes);
}

function add(sums: CommandCounts, counts: CommandCounts): void {
  for (const kind of Object.keys(sums) as (keyof CommandCounts)[]) sums[kind] += counts[kind];
}

function readings(counts: CommandCounts, outcome: string): Reading[] {
  return Object.entries(counts).map(([kind, count]) => [{ kind, outcome }, count]);
}
