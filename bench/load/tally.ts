/** What came of a load, act by act, and how long it took. */
import { Latencies } from '../measuring/latencies.js';
import { percentilesOf } from '../measuring/rows.js';
import { whole } from '../measuring/text.js';
import type { Act } from './order-cycles.js';

export type Acts = Record<Act, number>;

export interface Measured {
  /** That came while measured. */
  answered: number;
  seconds: number;
  /** `Latencies`, encoded. */
  latencies: string;
  /** How late requests were sent though a connection was free: the generator's own fault. Encoded. */
  lateness: string;
  /** Of an open loop: requests that were due and not sent when the time was up. */
  leftOver: number;
  /** From the first request to the last, as expected. */
  acts: Acts;
  /** From the first request to the last: what else was answered, a body each, and how often. */
  unexpected: [body: string, count: number][];
  /** One answer of each act. */
  samples: Partial<Record<Act, string>>;
  /** Of a core, that the generator itself took while measured. */
  ownCpu: number;
}

/** Bodies that differ are told apart up to so many. */
const MOST_BODIES = 20;
const LONGEST_BODY = 300;
/** Of what differs in each answer. */
const NUMBERS = /\d{4,}/g;

export class Tally {
  readonly latencies = new Latencies();
  readonly lateness = new Latencies();
  readonly #acts: Acts = { REST: 0, TRADE: 0, CANCEL: 0 };
  readonly #unexpected = new Map<string, number>();
  readonly #samples: Partial<Record<Act, string>> = {};
  #answered = 0;
  #from = Number.POSITIVE_INFINITY;
  #to = Number.POSITIVE_INFINITY;
  #cpu = process.cpuUsage();
  #ownCpu = 0;

  expected(act: Act, body: string): void {
    this.#acts[act]++;
    this.#samples[act] ??= body;
  }

  unexpected(act: Act, body: string): void {
    const text = `${act}: ${body.slice(0, LONGEST_BODY).replace(NUMBERS, '…')}`;
    const key = this.#unexpected.has(text) || this.#unexpected.size < MOST_BODIES ? text : 'others';
    this.#unexpected.set(key, (this.#unexpected.get(key) ?? 0) + 1);
  }

  /** @param sinceMs when it was sent, or due: the latency of what was so while measured counts, however late it comes */
  answered(sinceMs: number): void {
    const now = performance.now();
    if (now >= this.#from && now < this.#to) this.#answered++;
    if (sinceMs >= this.#from && sinceMs < this.#to) this.latencies.addMs(now - sinceMs);
  }

  measure(): void {
    this.#from = performance.now();
    this.#cpu = process.cpuUsage();
  }

  endMeasuring(): void {
    this.#to = performance.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#ownCpu = (user + system) / 1000 / (this.#to - this.#from);
  }

  /** How far it has come, in a line. */
  progress(): string {
    const seconds = (performance.now() - this.#from) / 1000;
    const { p50, p99 } = percentilesOf(this.latencies);
    const unexpected = [...this.#unexpected.values()].reduce((sum, count) => sum + count, 0);
    return (
      `${seconds.toFixed(0)} s: ${whole(this.#answered)} answered, ${whole(this.#answered / seconds)} a second, ` +
      `p50 ${p50}  p99 ${p99} ms, ${whole(unexpected)} not as they should be`
    );
  }

  measured(leftOver: number): Measured {
    return {
      answered: this.#answered,
      seconds: (this.#to - this.#from) / 1000,
      latencies: this.latencies.encoded(),
      lateness: this.lateness.encoded(),
      leftOver,
      acts: this.#acts,
      unexpected: [...this.#unexpected],
      samples: this.#samples,
      ownCpu: this.#ownCpu,
    };
  }
}
