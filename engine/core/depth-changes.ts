/** The price levels of one book that a batch changed. */
import type { Level } from '../../shared/domain/answers.js';
import type { Side } from '../../shared/domain/orders.js';
import { keyOf, priceOf } from './levels.js';
import type { OrderBook } from './order-book.js';

export class DepthChanges {
  readonly #keys: Readonly<Record<Side, number[]>> = { BUY: [], SELL: [] };

  note(side: Side, price: number): void {
    this.#keys[side].push(keyOf(side, price));
  }

  /** The levels of a side that changed since the last call, with their totals now (0: gone), best first. */
  take(side: Side, book: OrderBook): Level[] {
    const keys = Float64Array.from(this.#keys[side]).sort();
    this.#keys[side].length = 0;
    const levels: Level[] = [];
    for (let i = keys.length - 1; i >= 0; i--) {
      if (keys[i] === keys[i + 1]) continue;
      const price = priceOf(keys[i]!);
      levels.push([price, book.totalAt(side, price)]);
    }
    return levels;
  }
}
