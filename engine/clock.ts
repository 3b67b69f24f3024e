/**
 * The engine's time: wall-clock milliseconds that never go backwards. It is read from the wall once, at the start, and
 * runs on with the monotonic clock, so that a jump of the wall clock expires nothing (D6).
 */
export class Clock {
  readonly #origin: number;
  #last: number;

  /** @param notBefore the time of the last applied command */
  constructor(notBefore: number) {
    this.#origin = Date.now() - performance.now();
    this.#last = notBefore;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    this.#last = Math.max(this.#last, Math.floor(this.#origin + performance.now()));
    return this.#last;
  }

  /** How far the wall clock is ahead of this one, in milliseconds. */
  drift(): number {
    return Date.now() - this.now();
  }
}
