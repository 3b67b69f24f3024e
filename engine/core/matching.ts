/**
 * Which resting orders an incoming order meets, in price-time priority, and how much of each it takes. A plan changes
 * nothing: whatever may be refused is refused between plan and execution.
 */
import { opposite, type SelfTradePrevention, type Side } from '../../shared/domain/orders.js';
import { product } from './amounts.js';
import { keyOf, priceOf } from './levels.js';
import type { OrderBook } from './order-book.js';
import { NONE, type OrderSlots } from './order-slots.js';

export interface Taker {
  side: Side;
  /** The number of the trader. */
  trader: number;
  /** Ticks; the worst price it accepts, null for any. */
  limit: number | null;
  /** Lots. */
  quantity: number;
  /** Ticks times lots that it may pay or raise at most; null for no such bound. */
  budget: bigint | null;
  selfTradePrevention: SelfTradePrevention;
}

/**
 * Why a plan ends: the taker has all that it asked or can pay for; no more orders within its limit; it met an order of
 * its own and may not go on.
 */
export type PlanEnd = 'COMPLETE' | 'NO_MORE_ORDERS' | 'SELF_TRADE';

/** The steps of a match, in order. Reused from order to order, so that matching allocates nothing. */
export class MatchPlan {
  readonly makers: number[] = [];
  /** Lots taken from each maker; 0: the maker expires, because it belongs to the taker. */
  readonly lots: number[] = [];
  /** Ticks of each step. */
  readonly prices: number[] = [];
  count = 0;
  /** Of the steps: those that fill. */
  fills = 0;
  /** Lots in all. */
  filled = 0;
  end: PlanEnd = 'COMPLETE';

  clear(): void {
    this.count = 0;
    this.fills = 0;
    this.filled = 0;
    this.end = 'COMPLETE';
  }

  add(maker: number, price: number, lots: number): void {
    this.makers[this.count] = maker;
    this.prices[this.count] = price;
    this.lots[this.count] = lots;
    this.count++;
    if (lots > 0) this.fills++;
    this.filled += lots;
  }

  /** Ticks times lots, summed: times the market's tickLotValue it is the quote amount. */
  value(): bigint {
    let value = 0n;
    for (let i = 0; i < this.count; i++) value += product(this.prices[i]!, this.lots[i]!);
    return value;
  }
}

/** Whether an order at this limit would meet the best level of the other side. */
export function crosses(book: OrderBook, side: Side, limit: number): boolean {
  const levels = book.levels(opposite(side));
  return levels.count > 0 && levels.keyAt(levels.count - 1) >= keyOf(opposite(side), limit);
}

/** Fills `plan` with what the taker would do to the book. @param orders the slots of the orders that rest there */
export function planMatch(book: OrderBook, orders: OrderSlots, taker: Taker, plan: MatchPlan): void {
  plan.clear();
  const levels = book.levels(opposite(taker.side));
  const worst = taker.limit === null ? Number.NEGATIVE_INFINITY : keyOf(opposite(taker.side), taker.limit);
  let { budget } = taker;
  for (let index = levels.count - 1; index >= 0 && levels.keyAt(index) >= worst; index--) {
    const price = priceOf(levels.keyAt(index));
    const wanted = taker.quantity - plan.filled;
    const most = budget === null ? wanted : affordable(budget, price, wanted);
    const filledBefore = plan.filled;
    if (!planLevel(orders, taker, plan, book.oldestOn(levels.idAt(index)), price, most)) return;
    if (budget !== null) budget -= product(price, plan.filled - filledBefore);
  }
  plan.end = 'NO_MORE_ORDERS';
}

/** Plans one level from its oldest order on, at most so many lots of it; false where the taker is done. */
function planLevel(
  orders: OrderSlots,
  taker: Taker,
  plan: MatchPlan,
  oldest: number,
  price: number,
  most: number,
): boolean {
  let left = most;
  for (let maker = oldest; maker !== NONE; maker = orders.next(maker)) {
    if (left === 0) return false;
    if (orders.trader(maker) === taker.trader && taker.selfTradePrevention !== 'NONE') {
      if (taker.selfTradePrevention !== 'EXPIRE_TAKER') plan.add(maker, price, 0);
      if (taker.selfTradePrevention === 'EXPIRE_MAKER') continue;
      plan.end = 'SELF_TRADE';
      return false;
    }
    const lots = Math.min(left, orders.remaining(maker));
    plan.add(maker, price, lots);
    left -= lots;
  }
  return left > 0;
}

/** Lots that the budget pays at this price, `most` at most. */
function affordable(budget: bigint, price: number, most: number): number {
  const lots = budget / BigInt(price);
  return lots < BigInt(most) ? Number(lots) : most;
}
