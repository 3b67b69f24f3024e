/** The machine that a figure was measured on, and what else it had to do meanwhile. Linux only, as everything here. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100;
const TOLERATED_CORES = 0.1;

export function machineLine(): string {
  const processors = cpus();
  return `${processors[0]!.model.trim()}, ${processors.length} cores, Node ${process.version}`;
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
  readonly #own = process.cpuUsage();
  #ours = 0;

  /** Processor seconds that a child of ours took. */
  ours(seconds: number): void {
    this.#ours += seconds;
  }

  warnings(): string[] {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const now = cpuTime();
    const { user, system } = process.cpuUsage(this.#own);
    const others = (now.busy - this.#start.busy - this.#ours - (user + system) / 1e6) / seconds;
    const stolen = (now.stolen - this.#start.stolen) / seconds;
    return [
      ...warning(others, 'other processes took'),
      ...warning(stolen, 'other machines on the same host took'),
    ];
  }
}

function warning(cores: number, who: string): string[] {
  if (cores < TOLERATED_CORES) return [];
  return [`WARNING: ${who} ${cores.toFixed(2)} of a core meanwhile, which makes these figures worse`];
}

function cpuTime(): CpuTime {
  const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.split(/\s+/);
  const [user, nice, system, , , irq, softirq, stolen] = ticks.map(text => Number(text) / TICKS_PER_SECOND);
  return { busy: user! + nice! + system! + irq! + softirq!, stolen: stolen! };
}
