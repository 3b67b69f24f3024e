/**
 * Open orders by id and by name: hash tables with linear probing, at most half of their places taken.
 *
 * Deleting moves later entries back instead of leaving a mark, so a table of steady size is never rebuilt. A Map leaves
 * marks and stands still to be rebuilt again and again; and a Map for the names of each trader is hundreds of small
 * objects all over memory, where this is one line of it: 0.2 to 0.4 µs of a command.
 */
import type { OrderRecords } from './order-records.js';
import { NONE, type OrderSlots } from './order-slots.js';

const INITIAL_CAPACITY = 16;
/** Odd, so that no two neighbouring numbers meet: 2^32 divided by the golden ratio. */
const SPREAD = 0x9e3779b1;
const FNV_PRIME = 0x01000193;

export class OrderIndex {
  readonly #byId = new HashTable();
  readonly #byName = new HashTable();
  readonly #slots: OrderSlots;
  readonly #orders: OrderRecords;

  constructor(slots: OrderSlots, orders: OrderRecords) {
    this.#slots = slots;
    this.#orders = orders;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** NONE where there is no such open order. */
  withId(orderId: number): number {
    const hash = hashOfId(orderId);
    for (let place = this.#byId.seek(hash, hash); ; place = this.#byId.seek(hash, place + 1)) {
      const order = this.#byId.at(place);
      if (order === NONE || this.#orders.orderId(order) === orderId) return order;
    }
  }

  /** The trader's open order of that client order id, or NONE. */
  withName(trader: number, clientOrderId: string): number {
    const orders = this.#orders;
    const hash = hashOfName(trader, clientOrderId);
    for (let place = this.#byName.seek(hash, hash); ; place = this.#byName.seek(hash, place + 1)) {
      const order = this.#byName.at(place);
      if (order === NONE) return NONE;
      if (this.#slots.trader(order) === trader && orders.clientOrderId(order) === clientOrderId) return order;
    }
  }

  /** Adds an order that is not there, nor another of its name. */
  add(order: number, trader: number): void {
    const nameHash = hashOfName(trader, this.#orders.clientOrderId(order));
    this.#orders.setNameHash(order, nameHash);
    this.#byName.add(nameHash, order);
    this.#byId.add(hashOfId(this.#orders.orderId(order)), order);
  }

  /** Deletes an order that is there. */
  delete(order: number): void {
    this.#byName.delete(this.#orders.nameHash(order), order);
    this.#byId.delete(hashOfId(this.#orders.orderId(order)), order);
  }

  values(): number[] {
    return this.#byId.values();
  }
}

/** Eight ids in a row stand next to each other, in one line of cache: orders come in the order of their ids. */
function hashOfId(orderId: number): number {
  return (Math.imul(orderId / 8, SPREAD) << 3) | (orderId & 7);
}

/**
 * FNV-1a over the characters, begun with the trader. Names can be chosen to collide; how many, the market's limit of
 * open orders says.
 */
function hashOfName(trader: number, clientOrderId: string): number {
  let hash = Math.imul(trader, SPREAD);
  for (let i = 0; i < clientOrderId.length; i++)
    hash = Math.imul(hash ^ clientOrderId.charCodeAt(i), FNV_PRIME);
  return hash ^ (hash >>> 15);
}

/** Orders by a hash of 32 bits, several of which may be the same: whoever seeks looks whether it is the right one. */
class HashTable {
  /** Two words a place: hash and order, NONE where it is empty. */
  #words = new Int32Array(2 * INITIAL_CAPACITY).fill(NONE);
  #mask = INITIAL_CAPACITY - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The first place from this one on that has an order of this hash, or none at all. */
  seek(hash: number, from: number): number {
    const words = this.#words;
    const mask = this.#mask;
    let place = from & mask;
    while (words[2 * place + 1] !== NONE && words[2 * place] !== hash) place = (place + 1) & mask;
    return place;
  }

  at(place: number): number {
    return this.#words[2 * place + 1]!;
  }

  add(hash: number, order: number): void {
    if (this.#size * 2 > this.#mask) this.#grow();
    this.#put(hash, order);
    this.#size++;
  }

  /** Deletes an order that is there. */
  delete(hash: number, order: number): void {
    const words = this.#words;
    const mask = this.#mask;
    let hole = hash & mask;
    while (words[2 * hole + 1] !== order) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; words[2 * at + 1] !== NONE; at = (at + 1) & mask) {
      const fromHome = (at - words[2 * at]!) & mask;
      if (fromHome < ((at - hole) & mask)) continue;
      words[2 * hole] = words[2 * at]!;
      words[2 * hole + 1] = words[2 * at + 1]!;
      hole = at;
    }
    words[2 * hole + 1] = NONE;
    this.#size--;
  }

  values(): number[] {
    const values: number[] = [];
    for (let place = 0; place <= this.#mask; place++)
      if (this.at(place) !== NONE) values.push(this.at(place));
    return values;
  }

  #put(hash: number, order: number): void {
    const words = this.#words;
    let place = hash & this.#mask;
    while (words[2 * place + 1] !== NONE) place = (place + 1) & this.#mask;
    words[2 * place] = hash;
    words[2 * place + 1] = order;
  }

  #grow(): void {
    const words = this.#words;
    this.#words = new Int32Array(words.length * 2).fill(NONE);
    this.#mask = words.length - 1;
    for (let i = 0; i < words.length; i += 2) if (words[i + 1] !== NONE) this.#put(words[i]!, words[i + 1]!);
  }
}
