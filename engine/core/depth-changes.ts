/** The price levels of one book that a batch changed. */
import type { Level } from '../../shared/domain/answers.js';
import { priceOf, sideOf } from './levels.js';
import type { OrderBook } from './order-book.js';

/** The changed levels of both sides, each price once, with their totals after the change (0: gone). */
export interface ChangedLevels {
  bids: Level[];
  asks: Level[];
}

export class DepthChanges {
  #count = 0;
  /** The changed levels and their keys. A price is there again when its level ended and it got one again. */
  readonly #levels: number[] = [];
  readonly #keys: number[] = [];
  /** By level: the key under which it was noted last and not yet told, 0 where there is none. */
  readonly #noted: number[] = [];

  note(level: number, key: number): void {
    if (this.#noted[level] === key) return;
    this.#noted[level] = key;
    this.#levels[this.#count] = level;
    this.#keys[this.#count] = key;
    this.#count++;
  }

  /** What changed since the last call, in the order in which it changed first. */
  take(book: OrderBook): ChangedLevels {
    const changed: ChangedLevels = { bids: [], asks: [] };
    let gone: Set<number> | undefined;
    for (let i = 0; i < this.#count; i++) {
      const level = this.#levels[i]!;
      const key = this.#keys[i]!;
      const side = sideOf(key);
      const price = priceOf(key);
      const total = book.totalOn(level, key);
      const isUntold = this.#noted[level] === key;
      if (isUntold) this.#noted[level] = 0;
      if (total === 0) {
        gone ??= new Set();
        const isElsewhere = gone.has(key) || book.totalAt(side, price) > 0;
        if (isElsewhere) continue;
        gone.add(key);
      } else if (!isUntold) {
        continue;
      }
      (side === 'BUY' ? changed.bids : changed.asks).push([price, total]);
    }
    this.#count = 0;
    return changed;
  }
}
