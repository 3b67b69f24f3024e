/** An account in one market: what it pays with on each side, and its open orders. */
import type { Side } from '../../shared/domain/orders.js';
import type { Account } from './account.js';
import type { HeldBalance } from './balance.js';
import type { OpenOrder } from './open-order.js';
import type { TradedMarket } from './traded-market.js';

export class Trader {
  /** By client order id, oldest first. */
  readonly open = new Map<string, OpenOrder>();
  #base: HeldBalance | undefined = undefined;
  #quote: HeldBalance | undefined = undefined;

  constructor(
    readonly holder: Account,
    readonly market: TradedMarket,
  ) {}

  /** What an order of this side pays with, where the account ever had any: a buyer's quote, a seller's base. */
  funds(side: Side): HeldBalance | undefined {
    if (side === 'BUY') return (this.#quote ??= this.holder.balances.get(this.market.quote));
    return (this.#base ??= this.holder.balances.get(this.market.base));
  }

  /** What of its funds it can use, in smallest units. */
  available(side: Side): bigint {
    return this.funds(side)?.available ?? 0n;
  }
}
