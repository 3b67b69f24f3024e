/** An account in one market: what it pays with on each side, and its open orders. */
import type { Side } from '../../shared/domain/orders.js';
import { NONE, type OrderSlots } from './order-slots.js';
import type { TradedMarket } from './traded-market.js';

export class Trader {
  /** Its place in the state's list of traders. */
  readonly number: number;
  readonly account: number;
  readonly holder: number;
  readonly market: TradedMarket;
  readonly #balances: ReadonlyMap<string, number>;
  /** The one placed last, from which the others are linked through their slots. */
  #newest = NONE;
  #openCount = 0;
  #base = NONE;
  #quote = NONE;

  constructor(
    number: number,
    { account, holder }: { account: number; holder: number },
    balances: ReadonlyMap<string, number>,
    market: TradedMarket,
  ) {
    this.number = number;
    this.account = account;
    this.holder = holder;
    this.market = market;
    this.#balances = balances;
  }

  /** The balance that an order of this side pays with, a buyer's quote, a seller's base; NONE before there is one. */
  funds(side: Side): number {
    if (side === 'BUY') {
      if (this.#quote === NONE) this.#quote = this.#balance(this.market.quote);
      return this.#quote;
    }
    if (this.#base === NONE) this.#base = this.#balance(this.market.base);
    return this.#base;
  }

  #balance(asset: string): number {
    return this.#balances.get(asset) ?? NONE;
  }

  get openCount(): number {
    return this.#openCount;
  }

  /** Oldest first. */
  openOrders(slots: OrderSlots): number[] {
    const open: number[] = [];
    for (let order = this.#newest; order !== NONE; order = slots.older(order)) open.push(order);
    return open.reverse();
  }

  addOpen(slots: OrderSlots, order: number): void {
    const older = this.#newest;
    slots.setOlder(order, older);
    slots.setNewer(order, NONE);
    if (older !== NONE) slots.setNewer(older, order);
    this.#newest = order;
    this.#openCount++;
  }

  removeOpen(slots: OrderSlots, order: number): void {
    const older = slots.older(order);
    const newer = slots.newer(order);
    if (older !== NONE) slots.setNewer(older, newer);
    if (newer !== NONE) slots.setOlder(newer, older);
    else this.#newest = older;
    this.#openCount--;
  }
}
