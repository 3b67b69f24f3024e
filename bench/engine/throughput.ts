/**
 * Commands a second through the exchange, as fast as it goes. Only the exchange is timed: commands are made before the
 * clock of their batch starts, and the audits run between windows.
 */
import type { Command } from '../../shared/domain/commands.js';
import { tell, tellDone } from '../measuring/progress.js';
import type { Report } from '../measuring/rows.js';
import { median, percent, table, whole } from '../measuring/text.js';
import { CommandMix } from './command-mix.js';
import { inFreshProcess } from './fresh-process.js';
import { BATCH, type Counts, LoadedExchange, levelsHeld } from './loaded-exchange.js';
import { fourMarkets } from './order-flow.js';

const RESTING = [10_000, 100_000];
const WARM_UP_WINDOWS = 2;
const WINDOW_MS = 1_000;
const WINDOWS_PER_AUDIT = 4;

export interface Throughput {
  resting: number;
  /** Commands a second of each window. */
  windows: number[];
  commands: number;
  counts: Counts;
  mix: string;
  leastResting: number;
  mostResting: number;
  levels: number;
  audits: number;
}

export async function reportThroughput(seconds: number): Promise<Report> {
  const results: Throughput[] = [];
  for (const resting of RESTING) results.push(await inFreshProcess('throughput', { resting, seconds }));
  const header = ['resting', 'commands/s', 'best', 'ns each', 'trades', 'events', 'images', 'refused'];
  return {
    lines: [
      ...table([header, ...results.map(cells)]),
      'commands/s: median and best of one-second windows; trades, events and images: a command',
      ...results.map(aboutFlow),
    ],
    rows: results.flatMap(rows),
  };
}

function cells({ resting, windows, commands, counts }: Throughput): string[] {
  const each = (count: number) => (count / commands).toFixed(2);
  return [
    whole(resting),
    whole(median(windows)),
    whole(Math.max(...windows)),
    whole(1e9 / median(windows)),
    each(counts.trades),
    each(counts.events),
    each(counts.images),
    percent(counts.refused, commands, 2),
  ];
}

function aboutFlow({ resting, mix, leastResting, mostResting, levels, audits }: Throughput): string {
  return (
    `flow at ${whole(resting)}: ${mix}; ${whole(leastResting)} to ${whole(mostResting)} resting, ` +
    `${whole(levels)} levels a market; audits passed: ${audits}`
  );
}

function rows({ resting, windows }: Throughput): Report['rows'] {
  const name = `throughput, ${resting} resting`;
  return [
    { case: name, value: Math.round(median(windows)), unit: 'commands/s' },
    { case: `${name}, best second`, value: Math.round(Math.max(...windows)), unit: 'commands/s' },
    { case: `${name}, each`, value: Math.round(1e9 / median(windows)), unit: 'ns' },
  ];
}

export function measureThroughput({ resting, seconds }: { resting: number; seconds: number }): Throughput {
  tell(`throughput: ${whole(resting)} orders are placed`);
  const loaded = new LoadedExchange(fourMarkets(resting));
  for (let i = 0; i < WARM_UP_WINDOWS; i++) runWindow(loaded, new CommandMix());
  loaded.takeCounts();
  const mix = new CommandMix();
  const windows: number[] = [];
  const restings: number[] = [];
  let [commands, audits] = [0, 0];
  while (windows.length < seconds) {
    const done = runWindow(loaded, mix);
    commands += done.commands;
    windows.push((1_000 * done.commands) / done.ms);
    restings.push(loaded.restingOrders());
    if (windows.length % WINDOWS_PER_AUDIT === 0 || windows.length >= seconds) {
      loaded.audit();
      audits++;
    }
    tell(`throughput, ${whole(resting)} resting: ${windows.length} s, ${whole(windows.at(-1)!)} commands/s`);
  }
  tellDone();
  return {
    resting,
    windows: windows,
    commands,
    counts: loaded.takeCounts(),
    mix: mix.toString(),
    leastResting: Math.min(...restings),
    mostResting: Math.max(...restings),
    levels: levelsHeld(loaded.books()),
    audits,
  };
}

function runWindow(loaded: LoadedExchange, mix: CommandMix): { commands: number; ms: number } {
  let [commands, ms] = [0, 0];
  while (ms < WINDOW_MS) {
    const batch = loaded.flow.nextBatch(BATCH);
    for (const command of batch) mix.add(command);
    ms += timeBatch(loaded, batch);
    commands += BATCH;
  }
  return { commands, ms };
}

/** Milliseconds that the exchange takes for a batch of its flow. */
export function timeBatch(loaded: LoadedExchange, commands: readonly Command[]): number {
  const began = performance.now();
  for (const command of commands) loaded.execute(command);
  const images = loaded.endBatch();
  const ms = performance.now() - began;
  loaded.flow.hear(images);
  return ms;
}
