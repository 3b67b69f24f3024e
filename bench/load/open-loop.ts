/**
 * Requests that are due at their moment, whatever became of those before: a request whose moment finds no free
 * connection waits for one, and its latency counts from that moment all the same.
 *
 * Between two looks at the clock the process sleeps for a tenth of a millisecond where nothing is to be done: Node's own
 * timers come a whole one late, and never sleeping would take the processor from the exchange. An answer is seen as much
 * later.
 */
import type { Address } from './connection.js';
import type { Request } from './requests.js';
import type { Tally } from './tally.js';
import { Walker } from './walker.js';

const NAP_MS = 0.1;
const nap = new Int32Array(new SharedArrayBuffer(4));

interface Rate {
  perSecond: number;
  /** How many of the generators' requests come before this one's first, and how many generators there are. */
  place: number;
  of: number;
}

export class OpenLoop {
  readonly #tally: Tally;
  readonly #walkers: Walker[];
  readonly #dueAt = new Map<Walker, number>();
  readonly #intervalMs: number;
  readonly #firstDueMs: number;
  #free: Walker[];
  #nextDue = Number.POSITIVE_INFINITY;
  #isOpen = true;
  #onFree = () => {};

  constructor(address: Address, scripts: readonly Request[][], tally: Tally, { perSecond, place, of }: Rate) {
    this.#tally = tally;
    this.#walkers = scripts.map(
      script => new Walker(address, script, tally, walker => this.#answered(walker)),
    );
    this.#free = [...this.#walkers];
    this.#intervalMs = (1000 * of) / perSecond;
    this.#firstDueMs = (1000 * place) / perSecond;
  }

  start(): void {
    this.#nextDue = performance.now() + this.#firstDueMs;
    this.#turn();
  }

  #turn(): void {
    if (!this.#isOpen) return;
    if (!this.#sendDue()) Atomics.wait(nap, 0, 0, NAP_MS);
    setImmediate(() => this.#turn());
  }

  /**
   * No request is due any more; returns when every cycle that was begun is over. Gives how many were due and still waited
   * for a free connection; the latency that they had by then counts.
   */
  async end(): Promise<number> {
    this.#isOpen = false;
    const leftOver = this.#giveUpWaiting();
    const unfinished = this.#free.filter(walker => !walker.isDone);
    this.#free = this.#free.filter(walker => walker.isDone);
    for (const walker of unfinished) this.#goOn(walker);
    while (this.#free.length < this.#walkers.length) {
      await new Promise<void>(resolve => {
        this.#onFree = resolve;
      });
    }
    for (const walker of this.#walkers) walker.close();
    return leftOver;
  }

  #giveUpWaiting(): number {
    let leftOver = 0;
    for (const now = performance.now(); this.#nextDue <= now; this.#nextDue += this.#intervalMs) {
      this.#tally.latencies.addMs(now - this.#nextDue);
      leftOver++;
    }
    return leftOver;
  }

  #sendDue(): boolean {
    let hasSent = false;
    for (const now = performance.now(); this.#nextDue <= now && this.#free.length > 0; hasSent = true) {
      this.#tally.lateness.addMs(now - this.#nextDue);
      this.#sendNext(this.#free.shift()!);
    }
    return hasSent;
  }

  #sendNext(walker: Walker): void {
    this.#dueAt.set(walker, this.#nextDue);
    this.#nextDue += this.#intervalMs;
    walker.send();
  }

  #answered(walker: Walker): void {
    this.#tally.answered(this.#dueAt.get(walker)!);
    if (this.#isOpen && this.#nextDue <= performance.now()) this.#sendNext(walker);
    else if (this.#isOpen || walker.isDone) {
      this.#free.push(walker);
      this.#onFree();
    } else this.#goOn(walker);
  }

  /** To the end of its cycle, which was due at no moment. */
  #goOn(walker: Walker): void {
    this.#dueAt.set(walker, Number.POSITIVE_INFINITY);
    walker.send();
  }
}
