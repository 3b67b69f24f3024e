/** What the engine answers to a command or query, once it is durable. */
import type { Asset, Balance, Market, Order } from './entities.js';
import { ASSET_FIELDS, ASSET_NAME, BALANCE_FIELDS, MARKET_FIELDS, ORDER_FIELDS } from './entities.js';
import { EVENT_FIELDS, type Trade } from './events.js';
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

/** A whole book, best first. */
export interface BookSnapshot {
  market: string;
  lastUpdateId: number;
  bids: readonly Level[];
  asks: readonly Level[];
}

export type Answer =
  | { kind: 'REFUSED'; reject: Reject }
  /** The order after the command, with the trades that the command made. */
  | { kind: 'ORDER'; order: Order; trades: readonly Trade[] }
  /** As of `sequence`: the engine does not hold that order. It ended, or never was. */
  | { kind: 'NOT_HELD'; sequence: number }
  | { kind: 'ORDERS'; sequence: number; orders: readonly Order[] }
  | { kind: 'CANCELED'; orderIds: readonly number[] }
  | { kind: 'TRANSFERRED'; transfer: Transferred }
  | { kind: 'BALANCES'; balances: readonly Balance[] }
  | { kind: 'BOOK'; book: BookSnapshot }
  | { kind: 'CATALOG'; assets: readonly Asset[]; markets: readonly Market[] };

export type AnswerKind = Answer['kind'];

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
        toTuple(ORDER_FIELDS, answer.order),
        answer.trades.map(trade => toTuple(EVENT_FIELDS.TRADE, trade)),
      ];
    case 'NOT_HELD':
      return [answer.kind, answer.sequence];
    case 'ORDERS':
      return [answer.kind, answer.sequence, answer.orders.map(order => toTuple(ORDER_FIELDS, order))];
    case 'CANCELED':
      return [answer.kind, answer.orderIds];
    case 'TRANSFERRED':
      return [answer.kind, toTuple(TRANSFERRED_FIELDS, answer.transfer)];
    case 'BALANCES':
      return [answer.kind, answer.balances.map(balance => toTuple(BALANCE_FIELDS, balance))];
    case 'BOOK':
      return [answer.kind, answer.book.market, answer.book.lastUpdateId, answer.book.bids, answer.book.asks];
    case 'CATALOG':
      return [
        answer.kind,
        answer.assets.map(asset => toTuple(ASSET_FIELDS, asset)),
        answer.markets.map(market => toTuple(MARKET_FIELDS, market)),
      ];
  }
}

/** The answer of JSON values that this program's engine encoded; throws where they are not. */
export function decodeAnswer(json: Tuple): Answer {
  const [kind, first, second, third, fourth] = json;
  switch (kind as AnswerKind) {
    case 'REFUSED':
      return { kind: 'REFUSED', reject: record(REJECT_FIELDS, first) };
    case 'ORDER':
      return {
        kind: 'ORDER',
        order: record(ORDER_FIELDS, first),
        trades: records(EVENT_FIELDS.TRADE, second),
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
      return {
        kind: 'BOOK',
        book: {
          market: first as string,
          lastUpdateId: second as number,
          bids: third as unknown as Level[],
          asks: fourth as unknown as Level[],
        },
      };
    case 'CATALOG':
      return {
        kind: 'CATALOG',
        assets: records(ASSET_FIELDS, first),
        markets: records(MARKET_FIELDS, second),
      };
    default:
      throw new Error(`not an answer: ${JSON.stringify(json).slice(0, 200)}`);
  }
}

function record<T>(fields: Fields<T>, json: unknown): T {
  const value = fromTuple(fields, json);
  if (value === undefined) throw new Error(`malformed record in an answer: ${JSON.stringify(json)}`);
  return value;
}

function records<T>(fields: Fields<T>, json: unknown): T[] {
  return (json as unknown[]).map(tuple => record(fields, tuple));
}
