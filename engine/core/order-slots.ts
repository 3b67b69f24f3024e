/**
 * The slots of the orders that the core holds, and of each what matching and the book need: who it belongs to, what of
 * it remains, and where it stands in its queue. An order is the number of its slot.
 *
 * Columns of typed arrays, 24 bytes an order, so that the orders that matching goes through lie close together. Slots
 * are used again, so memory follows the greatest number of orders held at once.
 */

import { doubled } from './typed-arrays.js';

export const NONE = -1;

/** Small, so that the arrays grow early: the code that is compiled for them then knows that they do. */
const INITIAL_CAPACITY = 4;

export class OrderSlots {
  #remaining = new Float64Array(INITIAL_CAPACITY);
  #trader = new Int32Array(INITIAL_CAPACITY);
  /** Also links the free slots. */
  #next = new Int32Array(INITIAL_CAPACITY);
  #previous = new Int32Array(INITIAL_CAPACITY);
  #level = new Int32Array(INITIAL_CAPACITY);
  #count = 0;
  #free = NONE;

  /** A slot for an order. @param trader the number of its trader @param lots what remains of it */
  take(trader: number, lots: number): number {
    const order = this.#takeSlot();
    this.#trader[order] = trader;
    this.#remaining[order] = lots;
    return order;
  }

  /** Gives the slot back. */
  free(order: number): void {
    this.#next[order] = this.#free;
    this.#free = order;
  }

  /** The number of its trader. */
  trader(order: number): number {
    return this.#trader[order]!;
  }

  /** Lots that are not filled; nothing meaningful for an order by quote. */
  remaining(order: number): number {
    return this.#remaining[order]!;
  }

  /** Gives what remains. */
  reduce(order: number, lots: number): number {
    const remaining = this.#remaining[order]! - lots;
    this.#remaining[order] = remaining;
    return remaining;
  }

  /** The order behind this one at its price, or NONE. */
  next(order: number): number {
    return this.#next[order]!;
  }

  setNext(order: number, next: number): void {
    this.#next[order] = next;
  }

  previous(order: number): number {
    return this.#previous[order]!;
  }

  setPrevious(order: number, previous: number): void {
    this.#previous[order] = previous;
  }

  /** Its level in the book. */
  level(order: number): number {
    return this.#level[order]!;
  }

  setLevel(order: number, level: number): void {
    this.#level[order] = level;
  }

  #takeSlot(): number {
    const order = this.#free;
    if (order !== NONE) {
      this.#free = this.#next[order]!;
      return order;
    }
    if (this.#count === this.#next.length) this.#grow();
    return this.#count++;
  }

  #grow(): void {
    this.#remaining = doubled(this.#remaining);
    this.#trader = doubled(this.#trader);
    this.#next = doubled(this.#next);
    this.#previous = doubled(this.#previous);
    this.#level = doubled(this.#level);
  }
}
