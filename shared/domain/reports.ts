/**
 * What an account is told of itself, in the order of its `seq`, which has no gaps: what became of its orders, and what
 * it has after each change.
 */
import { ByteReader, ByteWriter } from './bytes.js';
import { ASSET_NAME, type Balance, MARKET_NAME, type Order } from './entities.js';
import { LEDGER_TYPES, type Trade } from './events.js';
import { amount, type Fields, flag, integer, matching, nullable, oneOf, text } from './fields.js';
import {
  CLIENT_ORDER_ID,
  ORDER_STATUSES,
  ORDER_TYPES,
  type OrderStatus,
  type OrderType,
  SIDES,
  type Side,
  TIMES_IN_FORCE,
  type TimeInForce,
} from './orders.js';
import { taggedCodec } from './records.js';

/** The ledger's words, and the locks and unlocks of orders, which the ledger does not know. */
export const BALANCE_REASONS = [...LEDGER_TYPES, 'ORDER'] as const;
export type BalanceReason = (typeof BALANCE_REASONS)[number];

export interface BalanceChange {
  /** Of what the account has, in smallest units; by `ORDER` of what of it is available. */
  amount: bigint;
  reason: BalanceReason;
}

/** An order after what has just happened to it, and the trade where it was one. */
export interface OrderReport {
  /** Of the command, in milliseconds since the epoch. */
  time: number;
  orderId: number;
  market: string;
  clientOrderId: string;
  side: Side;
  type: OrderType;
  timeInForce: TimeInForce;
  price: number | null;
  quantity: number | null;
  status: OrderStatus;
  filledQuantity: number;
  filledQuote: bigint;
  /** The five of a trade are null together. */
  tradeId: number | null;
  lastPrice: number | null;
  lastQuantity: number | null;
  isMaker: boolean | null;
  fee: bigint | null;
}

/** A balance after a change of it. */
export interface BalanceReport {
  time: number;
  asset: string;
  available: bigint;
  locked: bigint;
  change: bigint;
  reason: BalanceReason;
}

const ORDER_REPORT_FIELDS: Fields<OrderReport> = {
  time: integer,
  orderId: integer,
  market: matching(MARKET_NAME),
  clientOrderId: matching(CLIENT_ORDER_ID),
  side: oneOf(SIDES),
  type: oneOf(ORDER_TYPES),
  timeInForce: oneOf(TIMES_IN_FORCE),
  price: nullable(integer),
  quantity: nullable(integer),
  status: oneOf(ORDER_STATUSES),
  filledQuantity: integer,
  filledQuote: amount,
  tradeId: nullable(integer),
  lastPrice: nullable(integer),
  lastQuantity: nullable(integer),
  isMaker: nullable(flag),
  fee: nullable(amount),
};
const BALANCE_REPORT_FIELDS: Fields<BalanceReport> = {
  time: integer,
  asset: matching(ASSET_NAME),
  available: amount,
  locked: amount,
  change: amount,
  reason: oneOf(BALANCE_REASONS),
};

const ORDER_REPORT = taggedCodec('order', ORDER_REPORT_FIELDS);
const BALANCE_REPORT = taggedCodec('balance', BALANCE_REPORT_FIELDS);

export type Report = { kind: 'order'; body: OrderReport } | { kind: 'balance'; body: BalanceReport };

/** A report as it is kept: whose it is, its number, and where its batch has the rest of it. */
export interface ReportLine {
  account: number;
  seq: number;
  batch: Buffer;
  from: number;
  end: number;
}

const SPACE = 0x20;
const LINE_FEED = 0x0a;
const ZERO = 0x30;
/** Account, number, and what divides them. */
const PREFIX_ROOM = 40;

/** The reports of a batch, a line `<account> <seq> <report>` each, written as they happen. */
export class ReportsWriter {
  readonly #writer = new ByteWriter();

  order(seq: number, order: Order, trade: Trade | null, time: number): void {
    this.#begin(order.account, seq);
    ORDER_REPORT.write(
      {
        time,
        orderId: order.orderId,
        market: order.market,
        clientOrderId: order.clientOrderId,
        side: order.side,
        type: order.type,
        timeInForce: order.timeInForce,
        price: order.price,
        quantity: order.quantity,
        status: order.status,
        filledQuantity: order.filledQuantity,
        filledQuote: order.filledQuote,
        tradeId: trade?.tradeId ?? null,
        lastPrice: trade?.price ?? null,
        lastQuantity: trade?.quantity ?? null,
        isMaker: trade && isMakerOf(trade, order),
        fee: trade && (isMakerOf(trade, order) ? trade.makerFee : trade.takerFee),
      },
      this.#writer,
    );
  }

  balance(
    seq: number,
    { account, asset, available, locked }: Balance,
    change: BalanceChange,
    time: number,
  ): void {
    this.#begin(account, seq);
    const report = { time, asset, available, locked, change: change.amount, reason: change.reason };
    BALANCE_REPORT.write(report, this.#writer);
  }

  /** Ends the batch. */
  take(): Buffer {
    return this.#writer.take();
  }

  #begin(account: number, seq: number): void {
    const writer = this.#writer;
    writer.reserve(PREFIX_ROOM);
    if (writer.length > 0) writer.byte(LINE_FEED);
    writer.integer(account);
    writer.byte(SPACE);
    writer.integer(seq);
    writer.byte(SPACE);
  }
}

function isMakerOf({ makerOrderId }: Trade, { orderId }: Order): boolean {
  return makerOrderId === orderId;
}

/** What is made of each line of a batch, which may be empty. @param make gets what a `ReportLine` says besides its batch */
export function mapReports<T>(
  batch: Buffer,
  make: (account: number, seq: number, from: number, end: number) => T,
): T[] {
  const made: T[] = [];
  let at = 0;
  const number = () => {
    let value = 0;
    while (at < batch.length) {
      const byte = batch[at++]!;
      if (byte === SPACE) break;
      value = value * 10 + byte - ZERO;
    }
    return value;
  };
  while (at < batch.length) {
    const account = number();
    const seq = number();
    const lineFeed = batch.indexOf(LINE_FEED, at);
    const end = lineFeed === -1 ? batch.length : lineFeed;
    made.push(make(account, seq, at, end));
    at = end + 1;
  }
  return made;
}

const reader = new ByteReader();

/** Throws where it is none. */
export function decodeReport({ batch, from, end }: ReportLine): Report {
  reader.read(batch.subarray(from, end)).open();
  const kind = reader.text(text.parse);
  const report =
    kind === 'order'
      ? ({ kind, body: ORDER_REPORT.read(reader) } as const)
      : ({ kind: 'balance', body: BALANCE_REPORT.read(reader) } as const);
  if (!reader.isWhole || report.kind !== kind)
    throw new Error(`malformed report ${batch.toString('latin1', from, Math.min(end, from + 200))}`);
  return report;
}
