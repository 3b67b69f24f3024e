/**
 * What the core knows of the orders it holds besides their slots: records of 16 cells of 8 bytes, side by side in one
 * buffer, by slot.
 *
 * A record is two lines of cache and nothing that the garbage collector has to visit. As an object with its parts an
 * order took 450 bytes, and a collection that moved such orders 14 ms.
 */
import type { Order } from '../../shared/domain/entities.js';
import {
  ORDER_STATUSES,
  ORDER_TYPES,
  type OrderStatus,
  SELF_TRADE_PREVENTIONS,
  SIDES,
  type Side,
  TIMES_IN_FORCE,
} from '../../shared/domain/orders.js';
import type { HashTerm } from './hash.js';
import type { Trader } from './trader.js';

const INITIAL_CAPACITY = 4;
/** Past it the places of a record's bytes are no 32-bit integers. */
const MAX_BYTES = 2 ** 31;

/** A record has 2^4 cells, which are 2^5 words or 2^7 bytes. */
const CELLS = 4;
const WORDS = 5;
const BYTES = 7;

// Cells: numbers and amounts. A price, quantity or quote quantity that an order has not is 0.
const ORDER_ID = 0;
const PRICE = 1;
const QUANTITY = 2;
const FILLED_QUANTITY = 3;
const FILLED_QUOTE = 4;
const QUOTE_QUANTITY = 5;
const CREATED_AT = 6;
const UPDATED_AT = 7;
const QUEUE_PLACE = 8;
// Words: other things by their number, and the halves of hashes.
const OLDER = 19;
const NAME_HASH = 23;
const HASH_LOW = 24;
const HASH_HIGH = 25;
const FIXED_LOW = 26;
const FIXED_HIGH = 27;
const NEWER = 30;
// Bytes: places in the lists of shared/domain/orders.ts, and flags.
const SIDE = 112;
const TYPE = 113;
const TIME_IN_FORCE = 114;
const SELF_TRADE_PREVENTION = 115;
const STATUS = 116;
const TOUCHED = 117;
const FIXED_KNOWN = 118;

export class OrderRecords {
  #buffer = new ArrayBuffer(INITIAL_CAPACITY << BYTES);
  #numbers = new Float64Array(this.#buffer);
  #amounts = new BigInt64Array(this.#buffer);
  #words = new Int32Array(this.#buffer);
  #bytes = new Uint8Array(this.#buffer);
  /** Client order ids. */
  readonly #names: string[] = [];

  /** Writes a new order to the record of its slot. */
  begin(record: number, order: Order): void {
    while (record << BYTES >= this.#buffer.byteLength) this.#grow();
    const cell = record << CELLS;
    const byte = record << BYTES;
    const numbers = this.#numbers;
    const bytes = this.#bytes;
    numbers[cell + ORDER_ID] = order.orderId;
    numbers[cell + PRICE] = order.price ?? 0;
    numbers[cell + QUANTITY] = order.quantity ?? 0;
    numbers[cell + FILLED_QUANTITY] = order.filledQuantity;
    this.#amounts[cell + FILLED_QUOTE] = order.filledQuote;
    this.#amounts[cell + QUOTE_QUANTITY] = order.quoteQuantity ?? 0n;
    numbers[cell + CREATED_AT] = order.createdAt;
    numbers[cell + UPDATED_AT] = order.updatedAt;
    numbers[cell + QUEUE_PLACE] = order.queuePlace;
    this.#words[(record << WORDS) + HASH_LOW] = 0;
    this.#words[(record << WORDS) + HASH_HIGH] = 0;
    bytes[byte + SIDE] = placeOf(SIDES, order.side);
    bytes[byte + TYPE] = placeOf(ORDER_TYPES, order.type);
    bytes[byte + TIME_IN_FORCE] = placeOf(TIMES_IN_FORCE, order.timeInForce);
    bytes[byte + SELF_TRADE_PREVENTION] = placeOf(SELF_TRADE_PREVENTIONS, order.selfTradePrevention);
    bytes[byte + STATUS] = placeOf(ORDER_STATUSES, order.status);
    bytes[byte + TOUCHED] = 0;
    bytes[byte + FIXED_KNOWN] = 0;
    this.#names[record] = order.clientOrderId;
  }

  /** The order as an entity. @param trader its trader */
  read(order: number, { holder, market }: Trader): Order {
    const cell = order << CELLS;
    const byte = order << BYTES;
    const numbers = this.#numbers;
    const bytes = this.#bytes;
    return {
      orderId: numbers[cell + ORDER_ID]!,
      account: holder.account,
      market: market.market,
      clientOrderId: this.#names[order]!,
      side: SIDES[bytes[byte + SIDE]!]!,
      type: ORDER_TYPES[bytes[byte + TYPE]!]!,
      timeInForce: TIMES_IN_FORCE[bytes[byte + TIME_IN_FORCE]!]!,
      selfTradePrevention: SELF_TRADE_PREVENTIONS[bytes[byte + SELF_TRADE_PREVENTION]!]!,
      price: numbers[cell + PRICE]! || null,
      quantity: numbers[cell + QUANTITY]! || null,
      quoteQuantity: this.#amounts[cell + QUOTE_QUANTITY]! || null,
      createdAt: numbers[cell + CREATED_AT]!,
      filledQuantity: numbers[cell + FILLED_QUANTITY]!,
      filledQuote: this.#amounts[cell + FILLED_QUOTE]!,
      status: this.status(order),
      queuePlace: numbers[cell + QUEUE_PLACE]!,
      updatedAt: numbers[cell + UPDATED_AT]!,
    };
  }

  orderId(order: number): number {
    return this.#numbers[(order << CELLS) + ORDER_ID]!;
  }

  clientOrderId(order: number): string {
    return this.#names[order]!;
  }

  side(order: number): Side {
    return this.#bytes[(order << BYTES) + SIDE] === 0 ? 'BUY' : 'SELL';
  }

  /** Ticks; 0 for a market order. */
  price(order: number): number {
    return this.#numbers[(order << CELLS) + PRICE]!;
  }

  /** Lots; 0 for a market order by quote. */
  quantity(order: number): number {
    return this.#numbers[(order << CELLS) + QUANTITY]!;
  }

  filledQuantity(order: number): number {
    return this.#numbers[(order << CELLS) + FILLED_QUANTITY]!;
  }

  status(order: number): OrderStatus {
    return ORDER_STATUSES[this.#bytes[(order << BYTES) + STATUS]!]!;
  }

  setStatus(order: number, status: OrderStatus): void {
    this.#bytes[(order << BYTES) + STATUS] = placeOf(ORDER_STATUSES, status);
  }

  setUpdatedAt(order: number, time: number): void {
    this.#numbers[(order << CELLS) + UPDATED_AT] = time;
  }

  setQueuePlace(order: number, place: number): void {
    this.#numbers[(order << CELLS) + QUEUE_PLACE] = place;
  }

  /** @param quote smallest units */
  addFill(order: number, lots: number, quote: bigint): void {
    const cell = order << CELLS;
    this.#numbers[cell + FILLED_QUANTITY]! += lots;
    this.#amounts[cell + FILLED_QUOTE]! += quote;
  }

  // Where it is found: its neighbours among its trader's open orders, and the hash of its name.

  /** The trader's open order before this one; so with the next. */
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

  nameHash(order: number): number {
    return this.#words[(order << WORDS) + NAME_HASH]!;
  }

  setNameHash(order: number, hash: number): void {
    this.#words[(order << WORDS) + NAME_HASH] = hash;
  }

  // What the core keeps about it as an entity: whether this batch touched it, and its term of the state hash.

  isTouched(order: number): boolean {
    return this.#bytes[(order << BYTES) + TOUCHED] === 1;
  }

  setTouched(order: number, isTouched: boolean): void {
    this.#bytes[(order << BYTES) + TOUCHED] = isTouched ? 1 : 0;
  }

  readHash(order: number, term: HashTerm): void {
    const words = this.#words;
    const word = order << WORDS;
    term.low = words[word + HASH_LOW]!;
    term.high = words[word + HASH_HIGH]!;
    term.fixedLow = words[word + FIXED_LOW]!;
    term.fixedHigh = words[word + FIXED_HIGH]!;
    term.fixedKnown = this.#bytes[(order << BYTES) + FIXED_KNOWN] === 1;
  }

  writeHash(order: number, term: HashTerm): void {
    const words = this.#words;
    const word = order << WORDS;
    words[word + HASH_LOW] = term.low;
    words[word + HASH_HIGH] = term.high;
    words[word + FIXED_LOW] = term.fixedLow;
    words[word + FIXED_HIGH] = term.fixedHigh;
    this.#bytes[(order << BYTES) + FIXED_KNOWN] = 1;
  }

  #grow(): void {
    const records = this.#bytes;
    if (records.length * 2 >= MAX_BYTES)
      throw new Error(`${records.length >> BYTES} orders are held, no more fit`);
    this.#buffer = new ArrayBuffer(this.#buffer.byteLength * 2);
    this.#numbers = new Float64Array(this.#buffer);
    this.#amounts = new BigInt64Array(this.#buffer);
    this.#words = new Int32Array(this.#buffer);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#bytes.set(records);
  }
}

/** The lists have six elements at most. */
function placeOf<T>(list: readonly T[], value: T): number {
  for (let place = 0; place < list.length; place++) if (list[place] === value) return place;
  throw new Error(`${value} is not one of ${list}`);
}
