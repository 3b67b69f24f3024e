/**
 * The resting orders of one market in price-time priority.
 *
 * The orders of a price level form a linked list, oldest first, through their slots. Adding, reducing and removing
 * an order take the same time however many orders rest; making or ending a level costs what `Levels` says. Levels are
 * used again, so memory follows the greatest number that ever was at once. Quantities are lots, prices ticks, both
 * whole and at most 2^53 - 1; so is the total of a level.
 */
import type { Level } from '../../shared/domain/answers.js';
import type { Side } from '../../shared/domain/orders.js';
import { keyOf, Levels, priceOf, sideOf } from './levels.js';
import { NONE, type OrderSlots } from './order-slots.js';
import { enlarged } from './typed-arrays.js';

/** Small, so that the arrays grow early: the code that is compiled for them then knows that they do. */
const INITIAL_CAPACITY = 4;

export class OrderBook {
  readonly #orders: OrderSlots;
  readonly #bids = new Levels();
  readonly #asks = new Levels();

  // By level id. `#oldest` also links the free ids.
  #key = new Float64Array(INITIAL_CAPACITY);
  #total = new Float64Array(INITIAL_CAPACITY);
  #oldest = new Int32Array(INITIAL_CAPACITY);
  #newest = new Int32Array(INITIAL_CAPACITY);
  #freeLevel = NONE;
  #levels = 0;

  /** @param orders the slots of the orders that will rest here */
  constructor(orders: OrderSlots) {
    this.#orders = orders;
  }

  /** Puts the rest of an order at the back of its price's queue. */
  add(order: number, side: Side, price: number): void {
    const orders = this.#orders;
    const level = this.#levelAt(side, price);
    const newest = this.#newest[level]!;
    orders.setLevel(order, level);
    orders.setNext(order, NONE);
    orders.setPrevious(order, newest);
    if (newest === NONE) this.#oldest[level] = order;
    else orders.setNext(newest, order);
    this.#newest[level] = order;
    this.#total[level]! += orders.remaining(order);
  }

  /** Takes lots off an order, which keeps its place, and gives what remains; with nothing remaining it leaves the book. */
  reduce(order: number, lots: number): number {
    this.#total[this.#orders.level(order)]! -= lots;
    const remaining = this.#orders.reduce(order, lots);
    if (remaining === 0) this.#unlink(order);
    return remaining;
  }

  /** Takes an order out of the book. */
  remove(order: number): void {
    this.#total[this.#orders.level(order)]! -= this.#orders.remaining(order);
    this.#unlink(order);
  }

  /** The levels of a side, to be read only. */
  levels(side: Side): Levels {
    return side === 'BUY' ? this.#bids : this.#asks;
  }

  /** The order that rests longest on a level. */
  oldestOn(level: number): number {
    return this.#oldest[level]!;
  }

  /** Of the best bids, or of the best asks where there are no bids, the order that rests longest; or NONE. */
  first(): number {
    const levels = this.#bids.count > 0 ? this.#bids : this.#asks;
    return levels.count > 0 ? this.oldestOn(levels.idAt(levels.count - 1)) : NONE;
  }

  /** Ticks. Only where there are levels. */
  bestPrice(side: Side): number {
    const levels = this.levels(side);
    return priceOf(levels.keyAt(levels.count - 1));
  }

  sideOf(order: number): Side {
    return sideOf(this.#key[this.#orders.level(order)]!);
  }

  /** Ticks. */
  priceOf(order: number): number {
    return priceOf(this.#key[this.#orders.level(order)]!);
  }

  /** Lots resting on a level, while it has that key. */
  totalOn(level: number, key: number): number {
    return this.#key[level] === key ? this.#total[level]! : 0;
  }

  /** Lots resting at a price. */
  totalAt(side: Side, price: number): number {
    const levels = this.levels(side);
    const index = levels.indexOf(keyOf(side, price));
    return index < 0 ? 0 : this.#total[levels.idAt(index)]!;
  }

  /** Best first. */
  depth(side: Side): Level[] {
    const levels = this.levels(side);
    const depth: Level[] = [];
    for (let index = levels.count - 1; index >= 0; index--) {
      depth.push([priceOf(levels.keyAt(index)), this.#total[levels.idAt(index)]!]);
    }
    return depth;
  }

  #unlink(order: number): void {
    const orders = this.#orders;
    const level = orders.level(order);
    const next = orders.next(order);
    const previous = orders.previous(order);
    if (previous === NONE) this.#oldest[level] = next;
    else orders.setNext(previous, next);
    if (next === NONE) this.#newest[level] = previous;
    else orders.setPrevious(next, previous);
    if (this.#oldest[level] === NONE) this.#endLevel(level);
  }

  #levelAt(side: Side, price: number): number {
    const levels = this.levels(side);
    const key = keyOf(side, price);
    const index = levels.indexOf(key);
    if (index >= 0) return levels.idAt(index);
    const level = this.#takeLevel();
    this.#key[level] = key;
    this.#total[level] = 0;
    this.#oldest[level] = NONE;
    this.#newest[level] = NONE;
    levels.insertAt(~index, key, level);
    return level;
  }

  #endLevel(level: number): void {
    const key = this.#key[level]!;
    const levels = this.levels(sideOf(key));
    levels.removeAt(levels.indexOf(key));
    this.#oldest[level] = this.#freeLevel;
    this.#freeLevel = level;
  }

  #takeLevel(): number {
    const level = this.#freeLevel;
    if (level !== NONE) {
      this.#freeLevel = this.#oldest[level]!;
      return level;
    }
    if (this.#levels === this.#key.length) this.#grow();
    return this.#levels++;
  }

  #grow(): void {
    this.#key = enlarged(this.#key);
    this.#total = enlarged(this.#total);
    this.#oldest = enlarged(this.#oldest);
    this.#newest = enlarged(this.#newest);
  }

  /** Throws where the links, totals or order of the levels contradict each other, or the book is crossed. */
  audit(): void {
    for (const side of ['BUY', 'SELL'] as const) this.#auditSide(side);
    const [bids, asks] = [this.#bids, this.#asks];
    if (bids.count === 0 || asks.count === 0) return;
    const bid = priceOf(bids.keyAt(bids.count - 1));
    const ask = priceOf(asks.keyAt(asks.count - 1));
    if (bid >= ask) throw new Error(`book crossed: bid ${bid} ask ${ask}`);
  }

  #auditSide(side: Side): void {
    const levels = this.levels(side);
    for (let index = 0; index < levels.count; index++) {
      const level = levels.idAt(index);
      if (index > 0 && levels.keyAt(index - 1) >= levels.keyAt(index))
        throw new Error(`${side} levels out of order`);
      if (this.#key[level] !== levels.keyAt(index)) throw new Error(`${side} level ${level} has another key`);
      this.#auditLevel(side, level);
    }
  }

  #auditLevel(side: Side, level: number): void {
    const orders = this.#orders;
    let total = 0;
    let previous = NONE;
    for (let order = this.#oldest[level]!; order !== NONE; order = orders.next(order)) {
      const name = `${side} slot ${order}`;
      if (orders.previous(order) !== previous || orders.level(order) !== level)
        throw new Error(`${name} mislinked`);
      if (!(orders.remaining(order) > 0)) throw new Error(`${name} rests with nothing left`);
      total += orders.remaining(order);
      previous = order;
    }
    if (this.#newest[level] !== previous || previous === NONE)
      throw new Error(`${side} level ${level} has another newest order`);
    if (this.#total[level] !== total)
      throw new Error(`${side} level ${level} totals ${this.#total[level]}, orders ${total}`);
  }
}
