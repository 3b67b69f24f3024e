/**
 * The engine's time: milliseconds that never go backwards. It is taken from the wall clock once, at the start, and runs
 * on with the monotonic clock, so that a jump of the wall clock moves no time of the exchange (D6).
 */
export class Clock {
  readonly #origin: number;

  /** @param notBefore the time of the last applied command; a wall clock that is behind it does not count */
  constructor(notBefore: number) {
    this.#origin = Math.max(Date.now(), notBefore) - performance.now();
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return Math.floor(this.#origin + performance.now());
  }

  /** How far the wall clock is ahead of this one, in milliseconds. */
  drift(): number {
    return Date.now() - this.now();
  }
}
