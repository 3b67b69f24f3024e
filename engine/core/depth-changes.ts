/** The price levels of one book that a batch changed. */
import type { Level } from '../../shared/domain/answers.js';
import type { Side } from '../../shared/domain/orders.js';
import { keyOf, priceOf } from './levels.js';
import type { OrderBook } from './order-book.js';
import { doubled } from './typed-arrays.js';

const INITIAL_CAPACITY = 16;

export class DepthChanges {
  readonly #bids = new Keys();
  readonly #asks = new Keys();

  note(side: Side, price: number): void {
    this.#keys(side).add(keyOf(side, price));
  }

  /** The levels of a side that changed since the last call, with their totals now (0: gone), best first. */
  take(side: Side, book: OrderBook): Level[] {
    return this.#keys(side)
      .take()
      .map(key => [priceOf(key), book.totalAt(side, priceOf(key))]);
  }

  #keys(side: Side): Keys {
    return side === 'BUY' ? this.#bids : this.#asks;
  }
}

/** Keys in a typed array, which sorts them as numbers. */
class Keys {
  #keys = new Float64Array(INITIAL_CAPACITY);
  #count = 0;

  add(key: number): void {
    if (this.#count === this.#keys.length) this.#keys = doubled(this.#keys);
    this.#keys[this.#count++] = key;
  }

  /** Each once, falling; then there are none. */
  take(): number[] {
    const sorted = this.#keys.subarray(0, this.#count).sort();
    this.#count = 0;
    const keys: number[] = [];
    for (let i = sorted.length - 1; i >= 0; i--) if (sorted[i] !== sorted[i + 1]) keys.push(sorted[i]!);
    return keys;
  }
}
