/** An account in one market: what it pays with on each side, and its open orders. */
import type { Side } from '../../shared/domain/orders.js';
import type { Account } from './account.js';
import type { HeldBalance } from './balance.js';
import type { OpenOrder } from './open-order.js';
import type { TradedMarket } from './traded-market.js';

export class Trader {
  /** In no order: each knows its place here, so that one can leave without a search. */
  readonly #open: OpenOrder[] = [];
  #base: HeldBalance | undefined = undefined;
  #quote: HeldBalance | undefined = undefined;

  constructor(
    readonly holder: Account,
    readonly market: TradedMarket,
  ) {}

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

  get openCount(): number {
    return this.#open.length;
  }

  /** Oldest first. */
  openOrders(): OpenOrder[] {
    return this.#open.toSorted((a, b) => a.orderId - b.orderId);
  }

  addOpen(order: OpenOrder): void {
    order.place = this.#open.length;
    this.#open.push(order);
  }

  removeOpen(order: OpenOrder): void {
    const last = this.#open.pop()!;
    if (last === order) return;
    this.#open[order.place] = last;
    last.place = order.place;
  }
}
