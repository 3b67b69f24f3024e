/** An account in one market: what it pays with on each side, and its open orders. */
import type { Side } from '../../shared/domain/orders.js';
import type { Account } from './account.js';
import type { HeldBalance } from './balance.js';
import type { OrderRecords } from './order-records.js';
import { NONE } from './order-slots.js';
import type { TradedMarket } from './traded-market.js';

export class Trader {
  /** Its place in the state's list of traders. */
  readonly number: number;
  readonly holder: Account;
  readonly market: TradedMarket;
  /** The one placed last, from which the others are linked through their records. */
  #newest = NONE;
  #openCount = 0;
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

  get openCount(): number {
    return this.#openCount;
  }

  /** Oldest first. */
  openOrders(orders: OrderRecords): number[] {
    const open: number[] = [];
    for (let order = this.#newest; order !== NONE; order = orders.older(order)) open.push(order);
    return open.reverse();
  }

  addOpen(orders: OrderRecords, order: number): void {
    const older = this.#newest;
    orders.setOlder(order, older);
    orders.setNewer(order, NONE);
    if (older !== NONE) orders.setNewer(older, order);
    this.#newest = order;
    this.#openCount++;
  }

  removeOpen(orders: OrderRecords, order: number): void {
    const older = orders.older(order);
    const newer = orders.newer(order);
    if (older !== NONE) orders.setNewer(older, newer);
    if (newer !== NONE) orders.setOlder(newer, older);
    else this.#newest = older;
    this.#openCount--;
  }
}
