/**
 * The slots of the orders that the core holds, and of each what matching, the book and the lists need: who it belongs
 * to, what of it remains, and its neighbours. An order is the number of its slot.
 *
 * A slot is a row of 32 bytes in one buffer, so that an order that is met or ends is one line of cache, and so is each
 * of its neighbours. Slots are used again, so memory follows the greatest number of orders held at once.
 */
import { enlarged } from './typed-arrays.js';

export const NONE = -1;

/** Small, so that the buffer grows early: the code that is compiled for it then knows that it does. */
const INITIAL_CAPACITY = 4;

/** A row has 2^2 cells of 8 bytes, which are 2^3 words. */
const CELLS = 2;
const WORDS = 3;
// Cells.
const REMAINING = 0;
// Words.
const TRADER = 2;
const LEVEL = 3;
/** Also links the free slots. */
const NEXT = 4;
const PREVIOUS = 5;
const OLDER = 6;
const NEWER = 7;

export class OrderSlots {
  #numbers = new Float64Array(INITIAL_CAPACITY << CELLS);
  #words = new Int32Array(this.#numbers.buffer);
  #count = 0;
  #free = NONE;

  /** A slot for an order. @param trader the number of its trader @param lots what remains of it */
  take(trader: number, lots: number): number {
    const order = this.#takeSlot();
    this.#words[(order << WORDS) + TRADER] = trader;
    this.#numbers[(order << CELLS) + REMAINING] = lots;
    return order;
  }

  /** Gives the slot back. */
  free(order: number): void {
    this.#words[(order << WORDS) + NEXT] = this.#free;
    this.#free = order;
  }

  /** The number of its trader. */
  trader(order: number): number {
    return this.#words[(order << WORDS) + TRADER]!;
  }

  /** Lots that are not filled. */
  remaining(order: number): number {
    return this.#numbers[(order << CELLS) + REMAINING]!;
  }

  /** Gives what remains. */
  reduce(order: number, lots: number): number {
    const remaining = this.#numbers[(order << CELLS) + REMAINING]! - lots;
    this.#numbers[(order << CELLS) + REMAINING] = remaining;
    return remaining;
  }

  /** Its level in the book. */
  level(order: number): number {
    return this.#words[(order << WORDS) + LEVEL]!;
  }

  setLevel(order: number, level: number): void {
    this.#words[(order << WORDS) + LEVEL] = level;
  }

  /** The order behind this one at its price, or NONE. */
  next(order: number): number {
    return this.#words[(order << WORDS) + NEXT]!;
  }

  setNext(order: number, next: number): void {
    this.#words[(order << WORDS) + NEXT] = next;
  }

  previous(order: number): number {
    return this.#words[(order << WORDS) + PREVIOUS]!;
  }

  setPrevious(order: number, previous: number): void {
    this.#words[(order << WORDS) + PREVIOUS] = previous;
  }

  /** The trader's open order before this one, or NONE. */
  older(order: number): number {
    return this.#words[(order << WORDS) + OLDER]!;
  }

  setOlder(order: number, older: number): void {
    this.#words[(order << WORDS) + OLDER] = older;
  }

  newer(order: number): number {
    return this.#words[(order << WORDS) + NEWER]!;
  }

  setNewer(order: number, newer: number): void {
    this.#words[(order << WORDS) + NEWER] = newer;
  }

  #takeSlot(): number {
    const order = this.#free;
    if (order !== NONE) {
      this.#free = this.next(order);
      return order;
    }
    if (this.#count << WORDS === this.#words.length) this.#grow();
    return this.#count++;
  }

  #grow(): void {
    this.#numbers = enlarged(this.#numbers);
    this.#words = new Int32Array(this.#numbers.buffer);
  }
}
