/** What Postgres holds, in the words of the API. */
import type pg from 'pg';
import { orderForm } from '../../api/http/forms.js';
import { KINDS, type Market, ORDER_FIELDS } from '../../shared/domain/entities.js';
import { fromLots, fromTicks, fromUnits, type MarketScale, marketScale } from '../../shared/domain/units.js';
import { fromRow } from '../../shared/io/tables.js';
import type { OrderAnswer } from './memory.js';
import type { StreamTrade } from './streams.js';

/** An entry for a deposit or withdrawal. */
export interface TransferEntry {
  ledgerId: string;
  asset: string;
  amount: string;
  type: string;
  /** The idempotency key. */
  reference: string | null;
}

export interface BalanceEntry {
  asset: string;
  available: string;
  locked: string;
}

export class Stored {
  readonly #pool: pg.Pool;
  /** Of each asset. */
  readonly #decimals: ReadonlyMap<string, number>;
  readonly #markets: ReadonlyMap<string, Market>;

  private constructor(pool: pg.Pool, decimals: ReadonlyMap<string, number>, markets: readonly Market[]) {
    this.#pool = pool;
    this.#decimals = decimals;
    this.#markets = new Map(markets.map(market => [market.market, market]));
  }

  static async in(pool: pg.Pool): Promise<Stored> {
    const assets = await pool.query('SELECT asset, decimals FROM assets');
    const decimals = new Map(assets.rows.map(row => [row.asset as string, Number(row.decimals)]));
    const markets = await pool.query('SELECT * FROM markets');
    return new Stored(
      pool,
      decimals,
      markets.rows.map(row => fromRow(KINDS.market.fields, row)),
    );
  }

  decimals(asset: string): number {
    return this.#decimals.get(asset)!;
  }

  market(name: string): Market {
    return this.#markets.get(name)!;
  }

  scale(name: string): MarketScale {
    const market = this.market(name);
    return marketScale(market, { base: this.decimals(market.base), quote: this.decimals(market.quote) });
  }

  /** Newest first, without their fills. */
  async orders(account: number): Promise<Omit<OrderAnswer, 'fills'>[]> {
    const sql = 'SELECT * FROM orders WHERE account = $1 ORDER BY order_id DESC';
    const { rows } = await this.#pool.query(sql, [account]);
    const scales = new Map(Array.from(this.#markets.keys(), name => [name, this.scale(name)]));
    return rows.map(row => {
      const order = fromRow(ORDER_FIELDS, row);
      const { fills, ...form } = orderForm(order, scales.get(order.market)!, undefined);
      return form as Omit<OrderAnswer, 'fills'>;
    });
  }

  /** Newest first. */
  async transfers(account: number): Promise<TransferEntry[]> {
    const { rows } = await this.#pool.query(
      `SELECT ledger_id, asset, amount, type, reference FROM ledger
       WHERE account = $1 AND type IN ('DEPOSIT', 'WITHDRAWAL') ORDER BY ledger_id DESC`,
      [account],
    );
    return rows.map(({ ledger_id, asset, amount, type, reference }) => ({
      ledgerId: String(ledger_id),
      asset,
      amount: fromUnits(amount, this.decimals(asset)),
      type,
      reference,
    }));
  }

  /** Those that are not zero. */
  async balances(account: number): Promise<BalanceEntry[]> {
    const { rows } = await this.#pool.query(
      `SELECT asset, available, locked FROM balances
       WHERE account = $1 AND (available <> 0 OR locked <> 0) ORDER BY asset`,
      [account],
    );
    return rows.map(({ asset, available, locked }) => ({
      asset,
      available: fromUnits(available, this.decimals(asset)),
      locked: fromUnits(locked, this.decimals(asset)),
    }));
  }

  /** Of a market, by trade id. */
  async trades(market: string): Promise<Map<number, StreamTrade>> {
    const scale = this.scale(market);
    const { rows } = await this.#pool.query(
      'SELECT trade_id, price, quantity, buyer_is_maker FROM trades WHERE market = $1',
      [market],
    );
    return new Map(
      rows.map(({ trade_id, price, quantity, buyer_is_maker }) => [
        Number(trade_id),
        {
          price: fromTicks(Number(price), scale),
          quantity: fromLots(Number(quantity), scale),
          buyerIsMaker: buyer_is_maker,
        },
      ]),
    );
  }
}
