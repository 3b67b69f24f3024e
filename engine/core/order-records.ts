/**
 * What the core knows of the orders that rest, besides their slots: records of 12 cells of 8 bytes, side by side in one
 * buffer, by slot. Such an order has a price and a quantity, and is good till canceled.
 *
 * A record is two lines of cache and nothing that the garbage collector has to visit. As an object with its parts an
 * order took 450 bytes, and a collection that moved such orders 14 ms.
 */
import type { Order } from '../../shared/domain/entities.js';
import { ORDER_STATUSES, ORDER_TYPES, SELF_TRADE_PREVENTIONS, SIDES } from '../../shared/domain/orders.js';
import { type HashSum, HashTerm, RowHasher } from './hash.js';
import { enlarged, whole } from './typed-arrays.js';

const INITIAL_CAPACITY = 4;
/** So many orders may rest in all: the places of a record's bytes are 32-bit integers. */
export const MAX_ORDERS = 2 ** 23;

/** Of a record: 12 cells of 8 bytes are as many words and bytes. */
const CELLS = 12;
const WORDS = 24;
const BYTES = 96;

// Cells: numbers and amounts.
const ORDER_ID = 0;
const PRICE = 1;
const QUANTITY = 2;
const FILLED_QUANTITY = 3;
const FILLED_QUOTE = 4;
const CREATED_AT = 5;
const UPDATED_AT = 6;
const QUEUE_PLACE = 7;
// Words: other things by their number, and the halves of hashes.
const NAME_HASH = 16;
/** One more than its place among the active orders, 0 where it is none. */
const ACTIVE = 17;
/** The term of the state hash. */
const TERM = 18;
// Bytes: places in the lists of shared/domain/orders.ts.
const SIDE = 92;
const TYPE = 93;
const SELF_TRADE_PREVENTION = 94;
const STATUS = 95;

export class OrderRecords {
  #numbers = new Float64Array(INITIAL_CAPACITY * CELLS);
  #amounts = new BigInt64Array(this.#numbers.buffer);
  #words = new Int32Array(this.#numbers.buffer);
  #bytes = new Uint8Array(this.#numbers.buffer);
  /** Client order ids. */
  readonly #names: string[] = [];
  readonly #hasher: RowHasher<'order'>;

  /** @param stateHash of which the orders' terms are a part */
  constructor(stateHash: HashSum) {
    this.#hasher = new RowHasher('order', stateHash);
  }

  /** Begins the record of an order that comes to rest: what never changes. @param active its place among the active */
  begin(record: number, order: Order, active: number): void {
    while (record * CELLS >= this.#numbers.length) this.#grow();
    const cell = record * CELLS;
    const byte = record * BYTES;
    const numbers = this.#numbers;
    const bytes = this.#bytes;
    numbers[cell + ORDER_ID] = order.orderId;
    numbers[cell + PRICE] = order.price!;
    numbers[cell + QUANTITY] = order.quantity!;
    numbers[cell + CREATED_AT] = order.createdAt;
    this.#words[record * WORDS + ACTIVE] = active + 1;
    HashTerm.clear(this.#words, record * WORDS + TERM);
    bytes[byte + SIDE] = placeOf(SIDES, order.side);
    bytes[byte + TYPE] = placeOf(ORDER_TYPES, order.type);
    bytes[byte + SELF_TRADE_PREVENTION] = placeOf(SELF_TRADE_PREVENTIONS, order.selfTradePrevention);
    this.#names[record] = order.clientOrderId;
  }

  /** The order is no longer active, and has become this. */
  settle(record: number, order: Order): void {
    const cell = record * CELLS;
    const word = record * WORDS;
    const byte = record * BYTES;
    const numbers = this.#numbers;
    const words = this.#words;
    const bytes = this.#bytes;
    numbers[cell + FILLED_QUANTITY] = order.filledQuantity;
    this.#amounts[cell + FILLED_QUOTE] = order.filledQuote;
    numbers[cell + QUEUE_PLACE] = order.queuePlace;
    numbers[cell + UPDATED_AT] = order.updatedAt;
    bytes[byte + STATUS] = placeOf(ORDER_STATUSES, order.status);
    words[word + ACTIVE] = 0;
    this.#hasher.add(words, word + TERM, order);
  }

  /** The order as an entity. */
  read(order: number, account: number, market: string): Order {
    const cell = order * CELLS;
    const byte = order * BYTES;
    const numbers = this.#numbers;
    const bytes = this.#bytes;
    return {
      orderId: whole(numbers[cell + ORDER_ID]!),
      account,
      market,
      clientOrderId: this.#names[order]!,
      side: SIDES[bytes[byte + SIDE]!]!,
      type: ORDER_TYPES[bytes[byte + TYPE]!]!,
      timeInForce: 'GTC',
      selfTradePrevention: SELF_TRADE_PREVENTIONS[bytes[byte + SELF_TRADE_PREVENTION]!]!,
      price: whole(numbers[cell + PRICE]!),
      quantity: whole(numbers[cell + QUANTITY]!),
      quoteQuantity: null,
      createdAt: numbers[cell + CREATED_AT]!,
      filledQuantity: whole(numbers[cell + FILLED_QUANTITY]!),
      filledQuote: this.#amounts[cell + FILLED_QUOTE]!,
      status: ORDER_STATUSES[bytes[byte + STATUS]!]!,
      queuePlace: whole(numbers[cell + QUEUE_PLACE]!),
      updatedAt: numbers[cell + UPDATED_AT]!,
    };
  }

  orderId(order: number): number {
    return this.#numbers[order * CELLS + ORDER_ID]!;
  }

  clientOrderId(order: number): string {
    return this.#names[order]!;
  }

  /** Its place among the active orders, or NONE. */
  active(order: number): number {
    return this.#words[order * WORDS + ACTIVE]! - 1;
  }

  /** The order is to be changed: it has a place among the active orders, and no part in the state hash. */
  activate(order: number, place: number): void {
    this.#words[order * WORDS + ACTIVE] = place + 1;
    this.#hasher.remove(this.#words, order * WORDS + TERM);
  }

  nameHash(order: number): number {
    return this.#words[order * WORDS + NAME_HASH]!;
  }

  setNameHash(order: number, hash: number): void {
    this.#words[order * WORDS + NAME_HASH] = hash;
  }

  #grow(): void {
    this.#numbers = enlarged(this.#numbers);
    this.#amounts = new BigInt64Array(this.#numbers.buffer);
    this.#words = new Int32Array(this.#numbers.buffer);
    this.#bytes = new Uint8Array(this.#numbers.buffer);
  }
}

/** The lists have six elements at most. */
function placeOf<T>(list: readonly T[], value: T): number {
  for (let place = 0; place < list.length; place++) if (list[place] === value) return place;
  throw new Error(`${value} is not one of ${list}`);
}
