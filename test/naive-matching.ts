/**
 * Whom an order would meet, as docs/RULES.md has it: the book sorted anew each time, and the whole course of the
 * matching as a list of steps before anything happens. What an order may cost, whether a FOK is filled and what is
 * done in the end are all read from that list.
 */
import type { Level } from '../shared/domain/answers.js';
import type { Market, Order } from '../shared/domain/entities.js';
import { opposite, type Side } from '../shared/domain/orders.js';
import type { NaiveState } from './naive-state.js';

/** The order trades that many lots with the maker, or the maker expires. */
export type Step = { maker: Order; lots: bigint } | { maker: Order; lots: 'EXPIRES' };

export interface Course {
  steps: Step[];
  /** Why it ends: the order has all it wants, self-trade prevention stops it, or nobody is left within its limit. */
  end: 'HAS_ALL' | 'SELF_TRADE' | 'NOBODY_LEFT';
  /** Of all fills. */
  lots: bigint;
  /** Of all fills, in ticks × lots. */
  value: bigint;
}

/** The orders that rest on a side, in price-time priority. */
export function queueOf(state: NaiveState, market: string, side: Side): Order[] {
  const towardsWorse = side === 'BUY' ? -1 : 1;
  return state.orders
    .filter(order => order.market === market && order.side === side && order.queuePlace > 0)
    .sort((a, b) => (a.price! - b.price!) * towardsWorse || a.queuePlace - b.queuePlace);
}

export function depthOf(state: NaiveState, market: string, side: Side): Level[] {
  const queue = queueOf(state, market, side);
  const prices = [...new Set(queue.map(({ price }) => price!))];
  return prices.map(price => [price, Number(lotsOf(queue.filter(order => order.price === price)))]);
}

/** Lots that rest at the order's price on its side. */
export function lotsBeside(state: NaiveState, order: Order): bigint {
  return lotsOf(queueOf(state, order.market, order.side).filter(({ price }) => price === order.price));
}

/** Whether the order's limit lets it trade with the maker. */
export function accepts(order: Order, maker: Order): boolean {
  if (order.price === null) return true;
  return order.side === 'BUY' ? maker.price! <= order.price : maker.price! >= order.price;
}

export function courseOf(state: NaiveState, market: Market, order: Order): Course {
  const course: Course = { steps: [], end: 'NOBODY_LEFT', lots: 0n, value: 0n };
  for (const maker of queueOf(state, market.market, opposite(order.side))) {
    if (!accepts(order, maker)) return course;
    const wanted = wantedAt(BigInt(maker.price!), market, order, course);
    if (wanted === 0n) return { ...course, end: 'HAS_ALL' };
    if (maker.account === order.account && order.selfTradePrevention !== 'NONE') {
      if (order.selfTradePrevention !== 'EXPIRE_TAKER') course.steps.push({ maker, lots: 'EXPIRES' });
      if (order.selfTradePrevention !== 'EXPIRE_MAKER') return { ...course, end: 'SELF_TRADE' };
      continue;
    }
    const lots = least(wanted, restOf(maker));
    course.steps.push({ maker, lots });
    course.lots += lots;
    course.value += lots * BigInt(maker.price!);
    if (lots === wanted) return { ...course, end: 'HAS_ALL' };
  }
  return course;
}

/** Lots that the order still wants at this price, after the fills it has had. */
function wantedAt(price: bigint, market: Market, order: Order, fills: Course): bigint {
  if (order.quoteQuantity === null) return BigInt(order.quantity!) - fills.lots;
  const budget = order.quoteQuantity / market.tickLotValue;
  return least(BigInt(market.maxQuantity) - fills.lots, (budget - fills.value) / price);
}

function restOf(order: Order): bigint {
  return BigInt(order.quantity!) - BigInt(order.filledQuantity);
}

function lotsOf(orders: readonly Order[]): bigint {
  return orders.reduce((lots, order) => lots + restOf(order), 0n);
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
