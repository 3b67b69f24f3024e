/** The exchange's own programs, one by one, as processes on servers of the bench's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Target } from '../../scripts/generating/store.js';
import { ENGINE_OPTIONS, NODE_OPTIONS } from '../../scripts/running/program.js';

type Logged = ReadonlyMap<string, Record<string, unknown>>;

/** Returns when it leads, with what it has logged by then: figures by message. */
export async function startEngine(target: Target): Promise<{ engine: ChildProcess; logged: Logged }> {
  const engine = start('engine', ENGINE_OPTIONS, target);
  const logged = new Map<string, Record<string, unknown>>();
  for await (const line of createInterface(engine.stdout!)) {
    const { msg, ...figures } = JSON.parse(line) as { msg: string };
    logged.set(msg, figures);
    if (msg === 'leading') return { engine, logged };
  }
  throw new Error('the engine has ended');
}

export function startWriter(target: Target): ChildProcess {
  return start('db-writer', NODE_OPTIONS, target);
}

export async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** The most memory that a running process has had in use, in megabytes. */
export function peakOf(pid: number): number {
  return megabytes(pid, 'VmHWM');
}

/** The memory that a running process has in use, in megabytes. */
export function residentOf(pid: number): number {
  return megabytes(pid, 'VmRSS');
}

function megabytes(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)![1]) / 1024;
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
