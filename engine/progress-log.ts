/** How far a long work has come: a line every second. */
import type { Logger } from '../shared/io/log.js';

const INTERVAL_MS = 1000;

export class ProgressLog {
  readonly #log: Logger;
  readonly #started = performance.now();
  #nextAt = this.#started + INTERVAL_MS;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Since the beginning: above 0, with two decimals. */
  get seconds(): number {
    return Math.ceil((performance.now() - this.#started) / 10) / 100;
  }

  /** @param figures how far it has come, asked for only where a line is due */
  reach(what: string, figures: () => object): void {
    if (performance.now() < this.#nextAt) return;
    this.#nextAt = performance.now() + INTERVAL_MS;
    this.#log.info(figures(), what);
  }
}
