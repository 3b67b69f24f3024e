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
import { Levels } from './levels.js';

export const NONE = -1;

const INITIAL_CAPACITY = 256;

export class OrderBook {
  readonly #sides: Readonly<Record<Side, Levels>> = { BUY: new Levels(), SELL: new Levels() };

  // Orders, by slot. `#next` also links the free slots.
  #remaining = new Float64Array(INITIAL_CAPACITY);
  #account = new Float64Array(INITIAL_CAPACITY);
  #level = new Int32Array(INITIAL_CAPACITY);
  #next = new Int32Array(INITIAL_CAPACITY);
  #previous = new Int32Array(INITIAL_CAPACITY);
  #freeSlot = NONE;
  #slots = 0;

  // Levels, by level id. `#head` also links the free ids.
  #key = new Float64Array(INITIAL_CAPACITY);
  #total = new Float64Array(INITIAL_CAPACITY);
  #head = new Int32Array(INITIAL_CAPACITY);
  #tail = new Int32Array(INITIAL_CAPACITY);
  #changed = new Uint8Array(INITIAL_CAPACITY);
  #freeLevel = NONE;
  #levels = 0;

  readonly #changedKeys: Record<Side, number[]> = { BUY: [], SELL: [] };
  #changes = 0;

  /** Counts every change of the book, so that two readings tell whether anything happened between them. */
  get changes(): number {
    return this.#changes;
  }

  /** Puts an order at the back of its price's queue and gives its slot. */
  add(side: Side, price: number, lots: number, account: number): number {
    const level = this.#levelAt(side, keyOf(side, price));
    const slot = this.#takeSlot();
    const tail = this.#tail[level]!;
    this.#remaining[slot] = lots;
    this.#account[slot] = account;
    this.#level[slot] = level;
    this.#next[slot] = NONE;
    this.#previous[slot] = tail;
    if (tail === NONE) this.#head[level] = slot;
    else this.#next[tail] = slot;
    this.#tail[level] = slot;
    this.#total[level]! += lots;
    this.#noteChange(side, level);
    return slot;
  }

  /** Takes lots off an order that keeps its place; one that has none left leaves the book, and its slot is free. */
  reduce(side: Side, slot: number, lots: number): void {
    const rest = this.#remaining[slot]! - lots;
    const level = this.#level[slot]!;
    this.#remaining[slot] = rest;
    this.#total[level]! -= lots;
    this.#noteChange(side, level);
    if (rest === 0) this.#unlink(side, slot, level);
  }

  /** Takes an order out of the book; its slot is free. */
  remove(side: Side, slot: number): void {
    this.reduce(side, slot, this.#remaining[slot]!);
  }

  levelCount(side: Side): number {
    return this.#sides[side].count;
  }

  /** @param rank 0 for the best level */
  priceAt(side: Side, rank: number): number {
    const levels = this.#sides[side];
    return Math.abs(levels.keyAt(levels.count - 1 - rank));
  }

  /** The oldest order of a level. @param rank 0 for the best level */
  headAt(side: Side, rank: number): number {
    const levels = this.#sides[side];
    return this.#head[levels.idAt(levels.count - 1 - rank)]!;
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

  /** Lots resting at a price. */
  totalAt(side: Side, price: number): number {
    return this.#totalOf(side, keyOf(side, price));
  }

  /** Best first. */
  depth(side: Side): Level[] {
    const levels = this.#sides[side];
    const depth: Level[] = [];
    for (let index = levels.count - 1; index >= 0; index--) {
      depth.push([Math.abs(levels.keyAt(index)), this.#total[levels.idAt(index)]!]);
    }
    return depth;
  }

  /** The levels of a side that changed since the last call, with their totals now (0: gone), best first. */
  takeChangedLevels(side: Side): Level[] {
    const keys = [...new Set(this.#changedKeys[side])].sort((a, b) => b - a);
    this.#changedKeys[side].length = 0;
    return keys.map(key => [Math.abs(key), this.#takeChanged(side, key)]);
  }

  #takeChanged(side: Side, key: number): number {
    const index = this.#sides[side].indexOf(key);
    if (index < 0) return 0;
    const level = this.#sides[side].idAt(index);
    this.#changed[level] = 0;
    return this.#total[level]!;
  }

  #noteChange(side: Side, level: number): void {
    this.#changes++;
    if (this.#changed[level] === 1) return;
    this.#changed[level] = 1;
    this.#changedKeys[side].push(this.#key[level]!);
  }

  #totalOf(side: Side, key: number): number {
    const index = this.#sides[side].indexOf(key);
    return index < 0 ? 0 : this.#total[this.#sides[side].idAt(index)]!;
  }

  #unlink(side: Side, slot: number, level: number): void {
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    if (previous === NONE) this.#head[level] = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#tail[level] = previous;
    else this.#previous[next] = previous;
    if (this.#head[level] === NONE) this.#endLevel(side, level);
    this.#next[slot] = this.#freeSlot;
    this.#freeSlot = slot;
  }

  #levelAt(side: Side, key: number): number {
    const levels = this.#sides[side];
    const index = levels.indexOf(key);
    if (index >= 0) return levels.idAt(index);
    const level = this.#takeLevel();
    this.#key[level] = key;
    this.#total[level] = 0;
    this.#head[level] = NONE;
    this.#tail[level] = NONE;
    this.#changed[level] = 0;
    levels.insertAt(~index, key, level);
    return level;
  }

  #endLevel(side: Side, level: number): void {
    const levels = this.#sides[side];
    levels.removeAt(levels.indexOf(this.#key[level]!));
    this.#head[level] = this.#freeLevel;
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
      this.#freeLevel = this.#head[level]!;
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
    this.#head = doubled(this.#head);
    this.#tail = doubled(this.#tail);
    this.#changed = doubled(this.#changed);
  }

  /** Throws where the links, totals or order of the levels contradict each other, or the book is crossed. */
  audit(): void {
    for (const side of ['BUY', 'SELL'] as const) this.#auditSide(side);
    const bid = this.levelCount('BUY') > 0 ? this.priceAt('BUY', 0) : 0;
    const ask = this.levelCount('SELL') > 0 ? this.priceAt('SELL', 0) : Number.POSITIVE_INFINITY;
    if (bid >= ask) throw new Error(`book crossed: bid ${bid} ask ${ask}`);
  }

  #auditSide(side: Side): void {
    const levels = this.#sides[side];
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
    for (let slot = this.#head[level]!; slot !== NONE; slot = this.#next[slot]!) {
      if (this.#previous[slot] !== previous || this.#level[slot] !== level)
        throw new Error(`${side} slot ${slot} mislinked`);
      if (!(this.#remaining[slot]! > 0)) throw new Error(`${side} slot ${slot} rests with nothing left`);
      total += this.#remaining[slot]!;
      previous = slot;
    }
    if (this.#tail[level] !== previous || previous === NONE)
      throw new Error(`${side} level ${level} has another tail`);
    if (this.#total[level] !== total)
      throw new Error(`${side} level ${level} totals ${this.#total[level]}, orders ${total}`);
  }
}

/** Rises towards the better price, see `Levels`. */
function keyOf(side: Side, price: number): number {
  return side === 'BUY' ? price : -price;
}

function doubled<T extends Float64Array | Int32Array | Uint8Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2);
  larger.set(array);
  return larger;
}
