/** An account in one market: what it pays with on each side, and its open orders. */
import type { Side } from '../../shared/domain/orders.js';
import type { Account } from './account.js';
import type { HeldBalance } from './balance.js';
import type { OrderRecords } from './order-records.js';
import type { TradedMarket } from './traded-market.js';

export class Trader {
  /** Among the traders of this process. */
  readonly number: number;
  readonly holder: Account;
  readonly market: TradedMarket;
  /** In no order: each knows its place here, so that one can leave without a search. */
  readonly #open: number[] = [];
  #base: HeldBalance | undefined = undefined;
  #quote: HeldBalance | undefined = undefined;

  constructor(number: number, holder: Account, market: TradedMarket) {
    this.number = number;
    this.holder = holder;
    this.market = market;
  }

  /** What an order of this side pays with, where the account ever had any: a buyer's quote, a seller's base. */
  funds(side: Side): HeldBalance | undefined {
    if (side === 'BUY') {
      this.#quote ??= this.holder.balances.get(this.market.quote);
      return this.#quote;
    }
    this.#base ??= this.holder.balances.get(this.market.base);
    return this.#base;
  }

  /** What of its funds it can use, in smallest units. */
  available(side: Side): bigint {
    return this.funds(side)?.available ?? 0n;
  }

  get open(): readonly number[] {
    return this.#open;
  }

  addOpen(orders: OrderRecords, order: number): void {
    orders.setPlace(order, this.#open.length);
    this.#open.push(order);
  }

  removeOpen(orders: OrderRecords, order: number): void {
    const last = this.#open.pop()!;
    if (last === order) return;
    const place = orders.place(order);
    this.#open[place] = last;
    orders.setPlace(last, place);
  }
}
