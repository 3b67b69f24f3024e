/** All the readers of one gateway, in processes of their own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Address } from '../load/connection.js';
import { Latencies } from '../measuring/latencies.js';
import { startChild } from '../measuring/processes.js';
import type { ReadersReport, ReadersTask } from './readers.js';

const READERS = fileURLToPath(new URL('readers.js', import.meta.url));
const PROCESSES = 2;

export interface Received {
  deliveriesPerSecond: number;
  deliveries: number;
  delays: Latencies;
  /** Of a core, by the process that took most. */
  busiest: number;
}

export class Crowd {
  readonly #processes: ChildProcess[];

  private constructor(processes: ChildProcess[]) {
    this.#processes = processes;
  }

  /** Returns when all have subscribed. One of them is stuck. */
  static async gather({ host, port }: Address, sockets: number, stream: string): Promise<Crowd> {
    const processes = Array.from({ length: PROCESSES }, (_, index) => {
      const address = { host, port };
      const task: ReadersTask = { address, sockets: sockets / PROCESSES, stuck: index === 0 ? 1 : 0, stream };
      return startChild(READERS, [JSON.stringify(task)]);
    });
    await Promise.all(processes.map(readers => once(readers, 'message')));
    return new Crowd(processes);
  }

  /** What came while the work was done. */
  async during(work: () => Promise<unknown>): Promise<Received> {
    for (const readers of this.#processes) readers.send('measure');
    await work();
    const reports = await Promise.all(this.#processes.map(reportOf));
    const sum = (figure: (report: ReadersReport) => number) =>
      reports.reduce((all, one) => all + figure(one), 0);
    return {
      deliveriesPerSecond: sum(({ deliveries, seconds }) => deliveries / seconds),
      deliveries: sum(({ deliveries }) => deliveries),
      delays: Latencies.merged(reports.map(({ delays }) => delays)),
      busiest: Math.max(...reports.map(({ ownCpu }) => ownCpu)),
    };
  }

  async leave(): Promise<void> {
    await Promise.all(
      this.#processes.map(readers => {
        const ended = once(readers, 'exit');
        readers.send('end');
        return ended;
      }),
    );
  }
}

async function reportOf(readers: ChildProcess): Promise<ReadersReport> {
  const answer = once(readers, 'message');
  readers.send('report');
  return (await answer)[0];
}
