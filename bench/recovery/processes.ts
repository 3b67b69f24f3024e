/** The engine and the db-writer as processes, timed by what they log and by what Postgres holds. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import type { Target } from '../../scripts/generating/store.js';
import { ENGINE_OPTIONS, NODE_OPTIONS } from '../../scripts/running/program.js';

const POLL_MS = 50;

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
  commandsPerSecond: number;
  peakMegabytes: number;
}

/** Starts an engine and stops it as soon as it leads. */
export async function recover(target: Target): Promise<Recovered> {
  const started = performance.now();
  const engine = start('engine', ENGINE_OPTIONS, target);
  const logged = new Map<string, Record<string, unknown>>();
  for await (const line of createInterface(engine.stdout!)) {
    const { msg, ...figures } = JSON.parse(line) as { msg: string };
    logged.set(msg, figures);
    if (msg === 'leading') break;
  }
  const secondsUntilLeading = (performance.now() - started) / 1000;
  const loaded = logged.get('checkpoint loaded');
  const replayed = logged.get('journal replayed');
  if (loaded === undefined || replayed === undefined) throw new Error('the engine has not recovered');
  const peakMegabytes = peakOf(engine);
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
  const from = await watermark();
  const writer = start('db-writer', NODE_OPTIONS, target);
  const started = performance.now();
  while ((await watermark()) < end) {
    if (writer.exitCode !== null) throw new Error('the db-writer has ended');
    await delay(POLL_MS);
  }
  const seconds = (performance.now() - started) / 1000;
  const peakMegabytes = peakOf(writer);
  await stop(writer);
  return { commandsPerSecond: (end - from) / seconds, peakMegabytes };
}

function start(program: string, options: readonly string[], target: Target): ChildProcess {
  const main = fileURLToPath(new URL(`../../${program}/main.js`, import.meta.url));
  const { redisUrl, databaseUrl, namespace } = target;
  return spawn(process.execPath, [...options, main], {
    env: {
      ...process.env,
      REDIS_URL: redisUrl,
      DATABASE_URL: databaseUrl,
      NAMESPACE: namespace,
      INSTANCE: program,
      LOG_LEVEL: 'info',
    },
    stdio: ['ignore', program === 'engine' ? 'pipe' : 'ignore', 'inherit'],
  });
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** The most memory that a running process has had in use. */
function peakOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1024;
}
