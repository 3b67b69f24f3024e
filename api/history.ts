/**
 * What Postgres knows: ended orders, trades, the ledger, candles. Integers as the engine writes them.
 *
 * Guarantees: a list has at most the rows that were asked for, in the order of an index; an account is part of every
 * question about an account's rows.
 */
import { ORDER_FIELDS, type Order } from '../shared/domain/entities.js';
import {
  STORED_LEDGER_ENTRY_FIELDS,
  STORED_TRADE_FIELDS,
  type StoredLedgerEntry,
  type StoredTrade,
} from '../shared/domain/history.js';
import type { Candle, Interval } from '../shared/domain/klines.js';
import type { OrderStatus } from '../shared/domain/orders.js';
import { columnsOf, fromRow } from '../shared/io/tables.js';
import type { Database, Row } from './database.js';

/** One account's side of a trade. */
export interface AccountFill {
  readonly trade: StoredTrade;
  readonly maker: boolean;
}

export interface OrderFilter {
  market: string | undefined;
  status: OrderStatus | undefined;
  /** Orders with a lower id. */
  before: number | undefined;
  limit: number;
}

export interface FillFilter {
  market: string | undefined;
  orderId: number | undefined;
  /** `[sequence, tradeId, 1 for the maker's side or 0]`: fills below that. */
  before: readonly number[] | undefined;
  limit: number;
}

export interface LedgerFilter {
  asset: string | undefined;
  /** Entries with a lower id. */
  before: number | undefined;
  limit: number;
}

export interface CandleFilter {
  market: string;
  interval: Interval;
  /** Milliseconds; candles that open in `from..to`. */
  from: number;
  to: number;
  limit: number;
  /** Which ones where there are more. */
  keep: 'OLDEST' | 'NEWEST';
}

/** More fills than that are not read along with orders; they can be paged through. */
const MAX_FILLS = 10_000;

const ORDER_COLUMNS = columnsOf(ORDER_FIELDS)
  .map(({ name }) => name)
  .join(', ');
const TRADE_COLUMNS = columnsOf(STORED_TRADE_FIELDS)
  .map(({ name }) => name)
  .join(', ');

export class History {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async order(account: number, orderId: number): Promise<Order | undefined> {
    const [row] = await this.#database.query(
      `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = $1 AND account = $2`,
      [orderId, account],
    );
    return row && fromRow(ORDER_FIELDS, row);
  }

  async newestOrder(account: number, market: string, clientOrderId: string): Promise<Order | undefined> {
    const [row] = await this.#database.query(
      `SELECT ${ORDER_COLUMNS} FROM orders WHERE account = $1 AND market = $2 AND client_order_id = $3
       ORDER BY order_id DESC LIMIT 1`,
      [account, market, clientOrderId],
    );
    return row && fromRow(ORDER_FIELDS, row);
  }

  /** Newest first. */
  async orders(account: number, { market, status, before, limit }: OrderFilter): Promise<Order[]> {
    const rows = await this.#database.query(
      `SELECT ${ORDER_COLUMNS} FROM orders
       WHERE account = $1 AND order_id < $2
         AND ($3::text IS NULL OR market = $3) AND ($4::text IS NULL OR status = $4)
       ORDER BY order_id DESC LIMIT $5`,
      [account, before ?? Number.MAX_SAFE_INTEGER, market, status, limit],
    );
    return rows.map(row => fromRow(ORDER_FIELDS, row));
  }

  /**
   * The trades of each order, oldest first, as far as they make up its filled quantity: an order that was read before
   * its newest trades stays as it was read. Undefined where they are more than `MAX_FILLS` in all.
   */
  async tradesOf(orders: readonly Order[]): Promise<Map<Order, StoredTrade[]> | undefined> {
    const filled = orders.filter(order => order.filledQuantity > 0);
    const trades = filled.length > 0 ? await this.#tradesOf(filled) : [];
    if (trades.length > MAX_FILLS) return undefined;
    const byOrderId = new Map<number, StoredTrade[]>(orders.map(order => [order.orderId, []]));
    for (const trade of trades) {
      byOrderId.get(trade.takerOrderId)?.push(trade);
      byOrderId.get(trade.makerOrderId)?.push(trade);
    }
    return new Map(orders.map(order => [order, uptoFilled(order, byOrderId.get(order.orderId)!)]));
  }

  /** Both sides of a trade of an account with itself; newest first. */
  async fills(account: number, { market, orderId, before, limit }: FillFilter): Promise<AccountFill[]> {
    const side = (role: 'taker' | 'maker') =>
      `(SELECT ${TRADE_COLUMNS}, ${role === 'maker' ? 1 : 0} AS is_maker FROM trades
        WHERE ${role}_account = $1 AND (sequence, trade_id, ${role === 'maker' ? 1 : 0}) < ($2, $3, $4)
          AND ($5::text IS NULL OR market = $5) AND ($6::bigint IS NULL OR ${role}_order_id = $6)
        ORDER BY sequence DESC, trade_id DESC LIMIT $7)`;
    const rows = await this.#database.query(
      `${side('taker')} UNION ALL ${side('maker')} ORDER BY sequence DESC, trade_id DESC, is_maker DESC LIMIT $7`,
      [account, ...(before ?? [Number.MAX_SAFE_INTEGER, 0, 0]), market, orderId, limit],
    );
    return rows.map(row => ({ trade: toTrade(row), maker: row.is_maker === 1 }));
  }

  /** Newest first. */
  async ledger(account: number, { asset, before, limit }: LedgerFilter): Promise<StoredLedgerEntry[]> {
    const rows = await this.#database.query(
      `SELECT * FROM ledger WHERE account = $1 AND ledger_id < $2 AND ($3::text IS NULL OR asset = $3)
       ORDER BY ledger_id DESC LIMIT $4`,
      [account, before ?? Number.MAX_SAFE_INTEGER, asset, limit],
    );
    return rows.map(row => fromRow(STORED_LEDGER_ENTRY_FIELDS, row));
  }

  /** Those of the references that are a deposit of the account. */
  async depositReferences(account: number, references: readonly string[]): Promise<Set<string>> {
    const rows = await this.#database.query(
      `SELECT reference FROM ledger WHERE account = $1 AND type = 'DEPOSIT' AND reference = ANY($2)`,
      [account, references],
    );
    return new Set(rows.map(row => String(row.reference)));
  }

  /** The number of the account's last report that is stored; 0 where there is none. */
  async lastSeq(account: number): Promise<number> {
    const [row] = await this.#database.query('SELECT seq FROM accounts WHERE account = $1', [account]);
    return Number(row?.seq ?? 0);
  }

  /** Oldest first. */
  async candles({ market, interval, from, to, limit, keep }: CandleFilter): Promise<Candle[]> {
    const rows = await this.#database.query(
      `SELECT * FROM klines WHERE market = $1 AND interval = $2 AND open_time BETWEEN $3 AND $4
       ORDER BY open_time ${keep === 'OLDEST' ? 'ASC' : 'DESC'} LIMIT $5`,
      [market, interval, from, to, limit],
    );
    const candles = rows.map(toCandle);
    return keep === 'OLDEST' ? candles : candles.reverse();
  }

  /** The last price in ticks, before the candles that open at `time` or later; undefined where nothing had traded. */
  async closeBefore(market: string, interval: Interval, time: number): Promise<number | undefined> {
    const [row] = await this.#database.query(
      `SELECT close FROM klines WHERE market = $1 AND interval = $2 AND open_time < $3
       ORDER BY open_time DESC LIMIT 1`,
      [market, interval, time],
    );
    return row && Number(row.close);
  }

  /** Of orders of one account. A taker trades in the command that placed it, whose sequence is its order's id. */
  async #tradesOf(orders: readonly Order[]): Promise<StoredTrade[]> {
    const rows = await this.#database.query(
      `SELECT ${TRADE_COLUMNS} FROM trades
       WHERE (taker_account = $1 AND sequence = ANY($2)) OR maker_order_id = ANY($2)
       ORDER BY sequence, trade_id LIMIT $3`,
      [orders[0]!.account, orders.map(order => order.orderId), MAX_FILLS + 1],
    );
    return rows.map(toTrade);
  }
}

function uptoFilled(order: Order, trades: readonly StoredTrade[]): StoredTrade[] {
  let missing = order.filledQuantity;
  return trades.filter(trade => {
    missing -= trade.quantity;
    return missing >= 0;
  });
}

function toTrade(row: Row): StoredTrade {
  return fromRow(STORED_TRADE_FIELDS, row);
}

export function toCandle(row: Row): Candle {
  return {
    openTime: Number(row.open_time),
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    volume: row.volume as bigint,
    quoteVolume: row.quote_volume as bigint,
    trades: Number(row.trades),
    takerBuyVolume: row.taker_buy_volume as bigint,
    takerBuyQuoteVolume: row.taker_buy_quote_volume as bigint,
    firstTradeId: Number(row.first_trade_id),
    lastTradeId: Number(row.last_trade_id),
  };
}
