/**
 * Open orders by id, and by name: hash tables with linear probing, at most half of their places taken.
 *
 * Deleting moves later entries back instead of leaving a mark, so a table of steady size is never rebuilt. A Map leaves
 * marks and stands still to be rebuilt again and again; and a Map for the names of each trader is hundreds of small
 * objects all over memory, where this is one line of it (100,000 open orders: half a microsecond a command).
 */
import type { OpenOrder } from './open-order.js';
import type { Trader } from './trader.js';

const INITIAL_CAPACITY = 16;
/** Odd, so that no two neighbouring numbers meet: 2^32 divided by the golden ratio. */
const SPREAD = 0x9e3779b1;

/** By a hash of 32 bits: whoever looks up checks the order that is found, and goes on behind it if it is another. */
class OrderTable {
  #hashes = new Int32Array(INITIAL_CAPACITY);
  #orders: (OpenOrder | undefined)[] = new Array(INITIAL_CAPACITY).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The place of the first order with this hash at or behind a place, or of the empty place where the search ends. */
  seek(hash: number, place: number): number {
    const hashes = this.#hashes;
    const orders = this.#orders;
    const mask = hashes.length - 1;
    let at = place & mask;
    while (orders[at] !== undefined && hashes[at] !== hash) at = (at + 1) & mask;
    return at;
  }

  at(place: number): OpenOrder | undefined {
    return this.#orders[place];
  }

  add(hash: number, order: OpenOrder): void {
    if (this.#size * 2 === this.#hashes.length) this.#grow();
    this.#put(hash, order);
    this.#size++;
  }

  deleteAt(place: number): void {
    const hashes = this.#hashes;
    const orders = this.#orders;
    const mask = hashes.length - 1;
    let hole = place;
    for (let at = (hole + 1) & mask; orders[at] !== undefined; at = (at + 1) & mask) {
      const fromHome = (at - hashes[at]!) & mask;
      if (fromHome < ((at - hole) & mask)) continue;
      hashes[hole] = hashes[at]!;
      orders[hole] = orders[at];
      hole = at;
    }
    orders[hole] = undefined;
    this.#size--;
  }

  *orders(): Generator<OpenOrder> {
    for (const order of this.#orders) if (order !== undefined) yield order;
  }

  #put(hash: number, order: OpenOrder): void {
    const mask = this.#hashes.length - 1;
    let at = hash & mask;
    while (this.#orders[at] !== undefined) at = (at + 1) & mask;
    this.#hashes[at] = hash;
    this.#orders[at] = order;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const orders = this.#orders;
    this.#hashes = new Int32Array(hashes.length * 2);
    this.#orders = new Array(hashes.length * 2).fill(undefined);
    for (let place = 0; place < orders.length; place++) {
      const order = orders[place];
      if (order !== undefined) this.#put(hashes[place]!, order);
    }
  }
}

export class OrderIndex {
  readonly #byId = new OrderTable();
  readonly #byName = new OrderTable();

  get size(): number {
    return this.#byId.size;
  }

  get(orderId: number): OpenOrder | undefined {
    return this.#byId.at(this.#placeOfId(orderId));
  }

  /** The trader's order of that client order id. */
  named(trader: Trader, clientOrderId: string): OpenOrder | undefined {
    return this.#byName.at(this.#placeOfName(trader, clientOrderId));
  }

  /** Adds an order that is not there, nor another of its name. */
  add(order: OpenOrder): void {
    this.#byId.add(hashOfId(order.orderId), order);
    this.#byName.add(hashOfName(order.trader, order.clientOrderId), order);
  }

  /** Deletes an order that is there. */
  delete(order: OpenOrder): void {
    this.#byId.deleteAt(this.#placeOfId(order.orderId));
    this.#byName.deleteAt(this.#placeOfName(order.trader, order.clientOrderId));
  }

  values(): Generator<OpenOrder> {
    return this.#byId.orders();
  }

  #placeOfId(orderId: number): number {
    const table = this.#byId;
    const hash = hashOfId(orderId);
    let place = table.seek(hash, hash);
    for (
      let order = table.at(place);
      order !== undefined && order.orderId !== orderId;
      order = table.at(place)
    ) {
      place = table.seek(hash, place + 1);
    }
    return place;
  }

  #placeOfName(trader: Trader, clientOrderId: string): number {
    const table = this.#byName;
    const hash = hashOfName(trader, clientOrderId);
    let place = table.seek(hash, hash);
    for (
      let order = table.at(place);
      order !== undefined && !(order.trader === trader && order.clientOrderId === clientOrderId);
      order = table.at(place)
    ) {
      place = table.seek(hash, place + 1);
    }
    return place;
  }
}

function hashOfId(orderId: number): number {
  return Math.imul(orderId, SPREAD);
}

/**
 * FNV-1a over the characters, begun with account and market. Names can be chosen to collide; how many, the market's
 * limit of open orders says.
 */
function hashOfName({ holder, market }: Trader, clientOrderId: string): number {
  let hash = Math.imul(holder.account, SPREAD) ^ market.number;
  for (let i = 0; i < clientOrderId.length; i++) {
    hash = Math.imul(hash ^ clientOrderId.charCodeAt(i), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
