/**
 * The resting orders of one market in price-time priority.
 *
 * An order is a slot: an index into parallel arrays that form a linked list for each price level, oldest first. Adding,
 * reducing and removing an order take the same time however many orders rest; making or ending a level costs what
 * `Levels` says. Slots and levels are reused, so memory follows the greatest number that ever rested at once.
 * Quantities are lots, prices ticks, both whole and at most 2^53 - 1; so is the total of a level.
 */
import type { Level } from '../../shared/domain/answers.js';
import type { Side } from '../../shared/domain/orders.js';
import { keyOf, Levels, priceOf, sideOf } from './levels.js';

export const NONE = -1;

const INITIAL_CAPACITY = 4;

export class OrderBook {
  readonly #bids = new Levels();
  readonly #asks = new Levels();

  // Orders, by slot. `#next` also links the free slots.
  #remaining = new Float64Array(INITIAL_CAPACITY);
  #account = new Float64Array(INITIAL_CAPACITY);
  #level = new Int32Array(INITIAL_CAPACITY);
  #next = new Int32Array(INITIAL_CAPACITY);
  #previous = new Int32Array(INITIAL_CAPACITY);
  #freeSlot = NONE;
  #slots = 0;

  // Levels, by level id. `#oldest` also links the free ids.
  #key = new Float64Array(INITIAL_CAPACITY);
  #total = new Float64Array(INITIAL_CAPACITY);
  #oldest = new Int32Array(INITIAL_CAPACITY);
  #newest = new Int32Array(INITIAL_CAPACITY);
  #freeLevel = NONE;
  #levels = 0;

  /** Puts an order at the back of its price's queue and gives its slot. */
  add(side: Side, price: number, lots: number, account: number): number {
    const level = this.#levelAt(side, keyOf(side, price));
    const slot = this.#takeSlot();
    const newest = this.#newest[level]!;
    this.#remaining[slot] = lots;
    this.#account[slot] = account;
    this.#level[slot] = level;
    this.#next[slot] = NONE;
    this.#previous[slot] = newest;
    if (newest === NONE) this.#oldest[level] = slot;
    else this.#next[newest] = slot;
    this.#newest[level] = slot;
    this.#total[level]! += lots;
    return slot;
  }

  /**
   * Takes lots off an order, which keeps its place, and gives what is left. With nothing left the order leaves the
   * book, and its slot is free.
   */
  reduce(slot: number, lots: number): number {
    const rest = this.#remaining[slot]! - lots;
    this.#remaining[slot] = rest;
    this.#total[this.#level[slot]!]! -= lots;
    if (rest === 0) this.#unlink(slot);
    return rest;
  }

  /** Takes an order out of the book; its slot is free. */
  remove(slot: number): void {
    this.reduce(slot, this.#remaining[slot]!);
  }

  /** The levels of a side, to be read only. */
  levels(side: Side): Levels {
    return side === 'BUY' ? this.#bids : this.#asks;
  }

  /** The order that rests longest on a level. */
  oldestOn(level: number): number {
    return this.#oldest[level]!;
  }

  /** The order behind this one at its price, or NONE. */
  nextOf(slot: number): number {
    return this.#next[slot]!;
  }

  remainingOf(slot: number): number {
    return this.#remaining[slot]!;
  }

  accountOf(slot: number): number {
    return this.#account[slot]!;
  }

  sideOf(slot: number): Side {
    return sideOf(this.#key[this.#level[slot]!]!);
  }

  /** Ticks. */
  priceOf(slot: number): number {
    return priceOf(this.#key[this.#level[slot]!]!);
  }

  /** Ticks. Only where there are levels. */
  bestPrice(side: Side): number {
    const levels = this.levels(side);
    return priceOf(levels.keyAt(levels.count - 1));
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

  #unlink(slot: number): void {
    const level = this.#level[slot]!;
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    if (previous === NONE) this.#oldest[level] = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#newest[level] = previous;
    else this.#previous[next] = previous;
    if (this.#oldest[level] === NONE) this.#endLevel(level);
    this.#next[slot] = this.#freeSlot;
    this.#freeSlot = slot;
  }

  #levelAt(side: Side, key: number): number {
    const levels = this.levels(side);
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

  #takeSlot(): number {
    const slot = this.#freeSlot;
    if (slot !== NONE) {
      this.#freeSlot = this.#next[slot]!;
      return slot;
    }
    if (this.#slots === this.#remaining.length) this.#growSlots();
    return this.#slots++;
  }

  #takeLevel(): number {
    const level = this.#freeLevel;
    if (level !== NONE) {
      this.#freeLevel = this.#oldest[level]!;
      return level;
    }
    if (this.#levels === this.#key.length) this.#growLevels();
    return this.#levels++;
  }

  #growSlots(): void {
    this.#remaining = doubled(this.#remaining);
    this.#account = doubled(this.#account);
    this.#level = doubled(this.#level);
    this.#next = doubled(this.#next);
    this.#previous = doubled(this.#previous);
  }

  #growLevels(): void {
    this.#key = doubled(this.#key);
    this.#total = doubled(this.#total);
    this.#oldest = doubled(this.#oldest);
    this.#newest = doubled(this.#newest);
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
    let total = 0;
    let previous = NONE;
    for (let slot = this.#oldest[level]!; slot !== NONE; slot = this.#next[slot]!) {
      if (this.#previous[slot] !== previous || this.#level[slot] !== level)
        throw new Error(`${side} slot ${slot} mislinked`);
      if (!(this.#remaining[slot]! > 0)) throw new Error(`${side} slot ${slot} rests with nothing left`);
      total += this.#remaining[slot]!;
      previous = slot;
    }
    if (this.#newest[level] !== previous || previous === NONE)
      throw new Error(`${side} level ${level} has another newest order`);
    if (this.#total[level] !== total)
      throw new Error(`${side} level ${level} totals ${this.#total[level]}, orders ${total}`);
  }
}

function doubled<T extends Float64Array | Int32Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2);
  larger.set(array);
  return larger;
}
