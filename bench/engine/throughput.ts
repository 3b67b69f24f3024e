/**
 * Commands a second through the exchange, as fast as it goes. Only the exchange is timed: commands are made before the
 * clock of their batch starts, and the audits run between windows. The floor, batch by batch, is the least that any book
 * does: each order into a table by its id, and each cancel out of it.
 */
import type { Command } from '../../shared/domain/commands.js';
import { tell, tellDone } from '../measuring/progress.js';
import { type Figures, type Report, withFloor } from '../measuring/rows.js';
import { median, percent, table, whole } from '../measuring/text.js';
import { CommandMix } from './command-mix.js';
import { inFreshProcess } from './fresh-process.js';
import { BATCH, type Counts, LoadedExchange, levelsHeld } from './loaded-exchange.js';
import { fourMarkets } from './order-flow.js';

const RESTING = [10_000, 100_000];
const WARM_UP_WINDOWS = 2;
const WINDOW_MS = 1_000;
const WINDOWS_PER_AUDIT = 4;
/** Orders that the floor's table holds at most. */
const FLOOR_ORDERS = 2 ** 17;

export interface Throughput {
  resting: number;
  /** Commands a second of each window. */
  windows: number[];
  floor: number[];
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
    rows: results.map(row),
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

function row({ resting, windows, floor }: Throughput): Figures {
  const figures = withFloor({ measured: windows, floor });
  return { case: `throughput, ${whole(resting)} resting`, unit: 'commands/s', ...figures };
}

export function measureThroughput({ resting, seconds }: { resting: number; seconds: number }): Throughput {
  tell(`throughput: ${whole(resting)} orders are placed`);
  const loaded = new LoadedExchange(fourMarkets(resting));
  const floorTable = new Map<number, number>();
  for (let i = 0; i < WARM_UP_WINDOWS; i++) runWindow(loaded, floorTable, new CommandMix());
  loaded.takeCounts();
  const mix = new CommandMix();
  const windows: number[] = [];
  const floor: number[] = [];
  const restings: number[] = [];
  let [commands, audits] = [0, 0];
  while (windows.length < seconds) {
    const done = runWindow(loaded, floorTable, mix);
    commands += done.commands;
    windows.push((1_000 * done.commands) / done.ms);
    floor.push((1_000 * done.commands) / done.floorMs);
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
    windows,
    floor,
    commands,
    counts: loaded.takeCounts(),
    mix: mix.toString(),
    leastResting: Math.min(...restings),
    mostResting: Math.max(...restings),
    levels: levelsHeld(loaded.books()),
    audits,
  };
}

interface Window {
  commands: number;
  ms: number;
  floorMs: number;
}

function runWindow(loaded: LoadedExchange, floorTable: Map<number, number>, mix: CommandMix): Window {
  let [commands, ms, floorMs] = [0, 0, 0];
  while (ms < WINDOW_MS) {
    const batch = loaded.flow.nextBatch(BATCH);
    for (const command of batch) mix.add(command);
    floorMs += timeFloor(floorTable, loaded.sequence, batch);
    ms += timeBatch(loaded, batch);
    commands += BATCH;
  }
  return { commands, ms, floorMs };
}

/** @param last sequence before the commands */
function timeFloor(floorTable: Map<number, number>, last: number, commands: readonly Command[]): number {
  const began = performance.now();
  let sequence = last;
  for (const { kind, body } of commands) {
    sequence++;
    if (kind === 'PLACE_ORDER') floorTable.set(sequence % FLOOR_ORDERS, body.account);
    else if (kind === 'CANCEL_ORDER') floorTable.delete(body.orderId! % FLOOR_ORDERS);
  }
  return performance.now() - began;
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
