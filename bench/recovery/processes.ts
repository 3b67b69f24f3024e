/** The engine and the db-writer as processes, timed by what they log and by what Postgres holds. */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Target } from '../../scripts/generating/store.js';
import { peakOf, startEngine, startWriter, stop } from '../measuring/processes.js';

const POLL_MS = 20;

export interface Recovered {
  /** Of each kind. */
  rows: Readonly<Record<string, number>>;
  loadSeconds: number;
  replayedPerSecond: number;
  /** From the start of the process until it leads. */
  secondsUntilLeading: number;
  peakMegabytes: number;
}

export interface Written {
  /** From its first transaction on. */
  commandsPerSecond: number;
  peakMegabytes: number;
}

/** Starts an engine and stops it as soon as it leads. */
export async function recover(target: Target): Promise<Recovered> {
  const started = performance.now();
  const { engine, logged } = await startEngine(target);
  const secondsUntilLeading = (performance.now() - started) / 1000;
  const loaded = logged.get('checkpoint loaded');
  const replayed = logged.get('journal replayed');
  if (loaded === undefined || replayed === undefined) throw new Error('the engine has not recovered');
  const peakMegabytes = peakOf(engine.pid!);
  await stop(engine);
  return {
    rows: loaded.rows as Record<string, number>,
    loadSeconds: loaded.seconds as number,
    replayedPerSecond: replayed.commandsPerSecond as number,
    secondsUntilLeading,
    peakMegabytes,
  };
}

/** Runs a db-writer until Postgres is at a sequence. */
export async function catchUp(target: Target, pool: pg.Pool, end: number): Promise<Written> {
  const watermark = async () => Number((await pool.query('SELECT sequence FROM watermark')).rows[0].sequence);
  const before = await watermark();
  const writer = startWriter(target);
  const reached = async (isReached: (sequence: number) => boolean) => {
    for (;;) {
      const sequence = await watermark();
      if (isReached(sequence)) return { sequence, at: performance.now() };
      if (writer.exitCode !== null) throw new Error('the db-writer has ended');
      await delay(POLL_MS);
    }
  };
  const first = await reached(sequence => sequence > before);
  const last = await reached(sequence => sequence >= end);
  const peakMegabytes = peakOf(writer.pid!);
  await stop(writer);
  const commandsPerSecond = (1000 * (last.sequence - first.sequence)) / (last.at - first.at);
  return { commandsPerSecond, peakMegabytes };
}
