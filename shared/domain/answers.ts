/** What the engine answers to a command or query, once it is durable. */
import {
  ASSET_FIELDS,
  ASSET_NAME,
  type Asset,
  BALANCE_FIELDS,
  type Balance,
  MARKET_FIELDS,
  type Market,
  ORDER_FIELDS,
  type Order,
} from './entities.js';
import { TRADE_FIELDS, type Trade } from './events.js';
import {
  amount,
  type Fields,
  fromTuple,
  integer,
  type Json,
  matching,
  type Tuple,
  toTuple,
} from './fields.js';
import { REJECT_FIELDS, type Reject } from './rejects.js';

export interface Transferred {
  ledgerId: number;
  asset: string;
  amount: bigint;
  available: bigint;
  locked: bigint;
}

/** `[price in ticks, quantity in lots]`. */
export type Level = readonly [number, number];

/** A whole book, best first, and the last trade that it has seen. */
export interface BookSnapshot {
  market: string;
  lastUpdateId: number;
  lastTradeId: number;
  bids: readonly Level[];
  asks: readonly Level[];
}

export type Answer =
  | { kind: 'REFUSED'; reject: Reject }
  /** The order after the command, with the trades that the command made. */
  | { kind: 'ORDER'; order: Order; trades: readonly Trade[]; sequence: number }
  /** As of `sequence`: the engine does not hold that order. It ended, or never was. */
  | { kind: 'NOT_HELD'; sequence: number }
  | { kind: 'ORDERS'; orders: readonly Order[]; sequence: number }
  | { kind: 'CANCELED'; orderIds: readonly number[] }
  | { kind: 'TRANSFERRED'; transfer: Transferred }
  | { kind: 'BALANCES'; balances: readonly Balance[] }
  | { kind: 'BOOK'; book: BookSnapshot }
  | { kind: 'CATALOG'; assets: readonly Asset[]; markets: readonly Market[] };

const TRANSFERRED_FIELDS: Fields<Transferred> = {
  ledgerId: integer,
  asset: matching(ASSET_NAME),
  amount,
  available: amount,
  locked: amount,
};

/** The answer as JSON values. */
export function encodeAnswer(answer: Answer): Json[] {
  switch (answer.kind) {
    case 'REFUSED':
      return [answer.kind, toTuple(REJECT_FIELDS, answer.reject)];
    case 'ORDER':
      return [
        answer.kind,
        answer.sequence,
        toTuple(ORDER_FIELDS, answer.order),
        tuples(TRADE_FIELDS, answer.trades),
      ];
    case 'NOT_HELD':
      return [answer.kind, answer.sequence];
    case 'ORDERS':
      return [answer.kind, answer.sequence, tuples(ORDER_FIELDS, answer.orders)];
    case 'CANCELED':
      return [answer.kind, answer.orderIds];
    case 'TRANSFERRED':
      return [answer.kind, toTuple(TRANSFERRED_FIELDS, answer.transfer)];
    case 'BALANCES':
      return [answer.kind, tuples(BALANCE_FIELDS, answer.balances)];
    case 'BOOK':
      return [answer.kind, ...encodeBook(answer.book)];
    case 'CATALOG':
      return [answer.kind, tuples(ASSET_FIELDS, answer.assets), tuples(MARKET_FIELDS, answer.markets)];
  }
}

/** The answer of JSON values that `encodeAnswer` made; throws where they are not. */
export function decodeAnswer([kind, ...json]: Tuple): Answer {
  const [first, second, third] = json;
  switch (kind as Answer['kind']) {
    case 'REFUSED':
      return { kind: 'REFUSED', reject: record(REJECT_FIELDS, first) };
    case 'ORDER':
      return {
        kind: 'ORDER',
        sequence: first as number,
        order: record(ORDER_FIELDS, second),
        trades: records(TRADE_FIELDS, third),
      };
    case 'NOT_HELD':
      return { kind: 'NOT_HELD', sequence: first as number };
    case 'ORDERS':
      return { kind: 'ORDERS', sequence: first as number, orders: records(ORDER_FIELDS, second) };
    case 'CANCELED':
      return { kind: 'CANCELED', orderIds: first as number[] };
    case 'TRANSFERRED':
      return { kind: 'TRANSFERRED', transfer: record(TRANSFERRED_FIELDS, first) };
    case 'BALANCES':
      return { kind: 'BALANCES', balances: records(BALANCE_FIELDS, first) };
    case 'BOOK':
      return { kind: 'BOOK', book: decodeBook(json) };
    case 'CATALOG':
      return {
        kind: 'CATALOG',
        assets: records(ASSET_FIELDS, first),
        markets: records(MARKET_FIELDS, second),
      };
    default:
      throw new Error(`not an answer: ${String(kind)}`);
  }
}

function encodeBook(book: BookSnapshot): Json[] {
  return [book.market, book.lastUpdateId, book.lastTradeId, book.bids, book.asks];
}

function decodeBook([market, lastUpdateId, lastTradeId, bids, asks]: Tuple): BookSnapshot {
  return {
    market: market as string,
    lastUpdateId: lastUpdateId as number,
    lastTradeId: lastTradeId as number,
    bids: bids as unknown as Level[],
    asks: asks as unknown as Level[],
  };
}

function tuples<T>(fields: Fields<T>, list: readonly T[]): Json[] {
  return list.map(item => toTuple(fields, item));
}

function record<T>(fields: Fields<T>, json: unknown): T {
  const value = fromTuple(fields, json);
  if (value === undefined) throw new Error(`malformed record in an answer: ${JSON.stringify(json)}`);
  return value;
}

function records<T>(fields: Fields<T>, json: unknown): T[] {
  return (json as unknown[]).map(tuple => record(fields, tuple));
}
