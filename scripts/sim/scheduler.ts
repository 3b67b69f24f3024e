/**
 * The one queue of a simulated world: everything that happens, happens here, one event after the other, in virtual time.
 *
 * Guarantees: the same events are in the same order in every run; whatever an event sets off at once (promises, ticks) is
 * over before the next one. What belongs to a process that has ended never happens; what belongs to one that is paused
 * happens when it wakes up.
 */
import { setImmediate as realImmediate } from 'node:timers';

/** Whose code it is that runs: a process of the exchange, or the world around it. */
export interface Owner {
  readonly name: string;
  alive: boolean;
  /** Virtual time. */
  pausedUntil: number;
  /** How far its wall clock is ahead of the world's, in milliseconds. */
  clockOffsetMs: number;
}

export interface Event {
  at: number;
  readonly place: number;
  readonly owner: Owner | undefined;
  /** Undefined once it is called off. */
  run: (() => void) | undefined;
}

/** As many as leave little over at the end of a wait. */
const EVENTS_A_TURN = 32;

export class Scheduler {
  /** Milliseconds since the world began. */
  now = 0;
  /** Whose code runs. */
  current: Owner | undefined;
  /** How many events there were. */
  events = 0;
  readonly #heap: Event[] = [];
  #places = 0;

  /** @param owner nobody: the event runs no code of a process, so nothing of it can be left to do */
  after(delayMs: number, owner: Owner | undefined, run: () => void): Event {
    const event = { at: this.now + Math.max(0, delayMs), place: this.#places++, owner, run };
    this.#push(event);
    return event;
  }

  async runUntil(time: number): Promise<void> {
    while (this.#isDue(time)) await this.#turn(time);
    this.current = undefined;
    this.now = time;
  }

  #isDue(time: number): boolean {
    const event = this.#heap[0];
    return event !== undefined && event.at <= time;
  }

  /** Many events in one turn of the thread's loop, which runs all promises and ticks after each of them. */
  #turn(time: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          this.#step(time);
        } catch (error) {
          this.#heap.length = 0;
          reject(error);
        }
      };
      for (let i = 0; i < EVENTS_A_TURN; i++) realImmediate(step);
      realImmediate(resolve);
    });
  }

  /** Up to the next event that runs code of a process, which may have something left to do. */
  #step(time: number): void {
    while (this.#isDue(time)) {
      const event = this.#heap[0]!;
      this.#pop();
      const { owner, run } = event;
      if (run === undefined || owner?.alive === false) continue;
      if (owner !== undefined && owner.pausedUntil > event.at) {
        event.at = owner.pausedUntil;
        this.#push(event);
        continue;
      }
      this.now = event.at;
      this.events++;
      this.current = owner;
      run();
      if (owner !== undefined) return;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.place < b.place);
}
