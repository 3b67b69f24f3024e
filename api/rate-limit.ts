/**
 * How often each of many may do something: a rate that may be kept up, and a burst on top of it.
 *
 * Guarantees: at most `KEPT` are remembered, those that did it last; who is forgotten has the whole burst again, and so
 * has who was seldom enough. Ours, since the libraries for it remember everybody, or keep a timer for each.
 *
 * What is kept of somebody is one number, the time at which all that was taken would have been taken at the rate (the
 * generic cell rate algorithm, ITU-T I.371).
 */
import { LRUCache } from 'lru-cache';

const KEPT = 20_000;

export interface Rate {
  readonly perSecond: number;
  /** How many at once, by who has been seldom enough. */
  readonly burst: number;
}

export class RateLimit {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  readonly #paidUntil = new LRUCache<string | number, number>({ max: KEPT });

  constructor({ perSecond, burst }: Rate) {
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = burst * this.#intervalMs;
  }

  /** Takes one and gives 0, or takes none and gives the milliseconds until one can be taken. @param now of a clock that does not jump */
  take(who: string | number, now: number): number {
    const paidUntil = Math.max(this.#paidUntil.get(who) ?? 0, now) + this.#intervalMs;
    const wait = paidUntil - now - this.#burstMs;
    if (wait > 0) return wait;
    this.#paidUntil.set(who, paidUntil);
    return 0;
  }
}
