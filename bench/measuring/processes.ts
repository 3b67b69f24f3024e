/** Processes that a bench starts, the exchange's own programs among them. All of them end with it. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Target } from '../../scripts/generating/store.js';
import { ENGINE_OPTIONS, NODE_OPTIONS } from '../../scripts/running/program.js';
import { endsWithUs } from './ending.js';

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

/** A module of the bench's own as a process that talks with us by messages. @param options of Node */
export function startChild(module: string, args: readonly string[], options = NODE_OPTIONS): ChildProcess {
  return endingWithUs(fork(module, args, { execArgv: options, detached: true }));
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
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
  const env = {
    ...process.env,
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
    NAMESPACE: namespace,
    INSTANCE: program,
    LOG_LEVEL: 'info',
  };
  const child = spawn(process.execPath, [...options, main], {
    env,
    detached: true,
    stdio: ['ignore', program === 'engine' ? 'pipe' : 'ignore', 'inherit'],
  });
  return endingWithUs(child);
}

/** It is a process group of its own, so that Ctrl-C reaches only us. */
function endingWithUs(child: ChildProcess): ChildProcess {
  endsWithUs(() => stop(child));
  return child;
}
