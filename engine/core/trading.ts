/**
 * Placing and cancelling orders. An order is checked whole, then planned against the book, then paid for: whatever is
 * refused leaves nothing behind.
 */
import type { Answer } from '../../shared/domain/answers.js';
import type { AccountOrders, OrderName, PlaceOrder } from '../../shared/domain/commands.js';
import type { Market, Order } from '../../shared/domain/entities.js';
import type { OrderEnd, Trade } from '../../shared/domain/events.js';
import { reject } from '../../shared/domain/rejects.js';
import type { ActiveOrder } from './active-orders.js';
import { baseOf, quoteOf } from './amounts.js';
import { checkFunds, checkOrder } from './checks.js';
import { keyOf } from './levels.js';
import { planMatch, type Taker } from './matching.js';
import { NONE } from './order-slots.js';
import { refuse } from './refuse.js';
import { settle } from './settlement.js';
import type { State } from './state.js';

const NO_TRADES: readonly Trade[] = [];

export function placeOrder(state: State, body: PlaceOrder): Answer {
  const market = state.markets.get(body.market);
  if (market === undefined) return refuse(state, reject('UNKNOWN_MARKET'));
  const trader = state.traders.open(body.account, market);
  const problem = checkOrder(state, trader, body);
  if (problem !== null) return refuse(state, problem);
  planMatch(market.book, state.slots, takerOf(market, trader, body), state.plan);
  const shortage = checkFunds(state, trader, body);
  if (shortage !== null) return refuse(state, shortage);

  // After this point the command must succeed.
  const taker = state.orders.add(newOrder(state, body), trader);
  const { order } = taker;
  const { orderId, account } = order;
  state.emit({ kind: 'ORDER_PLACED', body: { orderId, account, market: market.market } });
  state.reports.order(taker.holder, order, null);
  const trades = killed(state, order) ? NO_TRADES : execute(state, taker);
  finishOrder(state, taker);
  return { kind: 'ORDER', order, trades, sequence: orderId };
}

function takerOf(market: Market, trader: number, body: PlaceOrder): Taker {
  return {
    side: body.side,
    trader,
    limit: body.price,
    quantity: body.quantity ?? market.maxQuantity,
    budget: body.quoteQuantity === null ? null : body.quoteQuantity / market.tickLotValue,
    selfTradePrevention: body.selfTradePrevention,
  };
}

function newOrder({ exchange }: State, body: PlaceOrder): Order {
  return {
    orderId: exchange.sequence,
    account: body.account,
    market: body.market,
    clientOrderId: body.clientOrderId,
    side: body.side,
    type: body.type,
    timeInForce: body.timeInForce,
    selfTradePrevention: body.selfTradePrevention,
    price: body.price,
    quantity: body.quantity,
    quoteQuantity: body.quoteQuantity,
    createdAt: exchange.time,
    filledQuantity: 0,
    filledQuote: 0n,
    status: 'NEW',
    queuePlace: 0,
    updatedAt: exchange.time,
  };
}

/** A fill-or-kill order that cannot fill whole does nothing. */
function killed({ plan }: State, { timeInForce, quantity }: Order): boolean {
  return timeInForce === 'FOK' && plan.filled < quantity!;
}

/** Carries out the plan, step by step. */
function execute(state: State, taker: ActiveOrder): readonly Trade[] {
  const { plan } = state;
  if (plan.count === 0) return NO_TRADES;
  const trades = new Array<Trade>(plan.fills);
  let filled = 0;
  for (let step = 0; step < plan.count; step++) {
    const maker = state.orders.take(plan.makers[step]!);
    const lots = plan.lots[step]!;
    if (lots === 0) endResting(state, maker, 'EXPIRED_IN_MATCH');
    else trades[filled++] = fill(state, taker, maker, lots);
  }
  return trades;
}

function fill(state: State, taker: ActiveOrder, maker: ActiveOrder, lots: number): Trade {
  const trade = settle(state, taker, maker, lots);
  addFill(state, taker, trade);
  addFill(state, maker, trade);
  noteLevel(state, maker);
  if (maker.market.book.reduce(maker.slot, lots) === 0) leave(state, maker);
  return trade;
}

function addFill(state: State, { order, holder }: ActiveOrder, trade: Trade): void {
  order.filledQuantity += trade.quantity;
  order.filledQuote += trade.quoteAmount;
  order.status = hasAll(state, order) ? 'FILLED' : 'PARTIALLY_FILLED';
  order.updatedAt = state.exchange.time;
  state.reports.order(holder, order, trade);
}

/** An order by quote, which is never a maker, has all that it can pay for when its plan says so. */
function hasAll({ plan }: State, { quantity, filledQuantity }: Order): boolean {
  return quantity === null
    ? plan.end === 'COMPLETE' && filledQuantity === plan.filled
    : filledQuantity === quantity;
}

/** What becomes of the incoming order: filled, resting, or ended with the rest unfilled. */
function finishOrder(state: State, taker: ActiveOrder): void {
  const { order } = taker;
  if (order.status === 'FILLED') return;
  if (order.timeInForce === 'FOK') endOrder(state, taker, 'EXPIRED');
  else if (state.plan.end === 'SELF_TRADE') endOrder(state, taker, 'EXPIRED_IN_MATCH');
  else if (order.timeInForce === 'GTC') restOrder(state, taker);
  else endOrder(state, taker, 'EXPIRED');
}

function restOrder(state: State, active: ActiveOrder): void {
  const { order, trader, market, holder } = active;
  order.queuePlace = order.orderId;
  const funds = state.funds(trader, order.side);
  const amount = amountNeeded(market, order);
  state.ledger.lock(funds, amount);
  state.reports.balance(holder, funds, -amount, 'ORDER');
  state.rest(active);
  noteLevel(state, active);
}

/** What an open order keeps locked, in smallest units of what its side pays with. */
export function amountNeeded(market: Market, { side, price, quantity, filledQuantity }: Order): bigint {
  const lots = quantity! - filledQuantity;
  return side === 'BUY' ? quoteOf(market, price!, lots) : baseOf(market, lots);
}

/** Takes an open order out of the book and gives back what it locked. */
export function endResting(state: State, active: ActiveOrder, status: OrderEnd): void {
  const { order, trader, market, holder, slot } = active;
  const funds = state.funds(trader, order.side);
  const amount = amountNeeded(market, order);
  state.ledger.unlock(funds, amount);
  state.reports.balance(holder, funds, amount, 'ORDER');
  noteLevel(state, active);
  market.book.remove(slot);
  leave(state, active);
  endOrder(state, active, status);
}

/** The order is no longer open, and in no queue. */
function leave(state: State, active: ActiveOrder): void {
  active.order.queuePlace = 0;
  state.leave(active);
}

function endOrder(state: State, { order, holder }: ActiveOrder, status: OrderEnd): void {
  order.status = status;
  order.updatedAt = state.exchange.time;
  const { orderId, account, market, quantity, filledQuantity } = order;
  const remaining = quantity === null ? null : quantity - filledQuantity;
  state.emit({ kind: 'ORDER_ENDED', body: { orderId, account, market, status, remaining } });
  state.reports.order(holder, order, null);
}

/**
 * The level of a resting order changes, and with it the book: its update id rises by one for a command that changed
 * it, however often (D9).
 */
function noteLevel({ exchange, slots, changedBooks }: State, { order, market, slot }: ActiveOrder): void {
  market.depthChanges.note(slots.level(slot), keyOf(order.side, order.price!));
  if (market.bookChangedAt === exchange.sequence) return;
  market.bookChangedAt = exchange.sequence;
  market.updateId++;
  market.tracking.touch();
  if (market.changedFrom !== 0) return;
  market.changedFrom = market.updateId;
  changedBooks.push(market);
}

/** The slot of the named open order of that account, or NONE; somebody else's is as unknown as none. */
export function findOrder(state: State, { account, orderId, market, clientOrderId }: OrderName): number {
  if (orderId === null) {
    const trader = state.markets.get(market!)?.trader(account) ?? NONE;
    return trader === NONE ? NONE : state.openOrders.withName(trader, clientOrderId!);
  }
  const slot = state.openOrders.withId(orderId);
  return slot !== NONE && state.traders.account(state.slots.trader(slot)) === account ? slot : NONE;
}

export function cancelOrder(state: State, name: OrderName): Answer {
  if (name.market !== null && !state.markets.has(name.market)) return refuse(state, reject('UNKNOWN_MARKET'));
  const slot = findOrder(state, name);
  if (slot === NONE) return refuse(state, reject('UNKNOWN_ORDER'));

  // After this point the command must succeed.
  const active = state.orders.take(slot);
  endResting(state, active, 'CANCELED');
  return { kind: 'ORDER', order: active.order, trades: NO_TRADES, sequence: state.exchange.sequence };
}

export function cancelAll(state: State, { account, market }: AccountOrders): Answer {
  if (market !== null && !state.markets.has(market)) return refuse(state, reject('UNKNOWN_MARKET'));

  // After this point the command must succeed.
  const orders = openOrders(state, { account, market }).map(slot => state.orders.take(slot));
  for (const active of orders) endResting(state, active, 'CANCELED');
  state.emit({ kind: 'CANCELED_ALL', body: { account, orders: orders.length } });
  return { kind: 'CANCELED', orderIds: orders.map(({ order }) => order.orderId).sort((a, b) => a - b) };
}

/**
 * The slots of the account's open orders of one market or all: markets by name, since the order in which it came to them
 * does not outlive a load; in a market the oldest first.
 */
export function openOrders({ markets, traders }: State, { account, market }: AccountOrders): number[] {
  const names = market === null ? [...markets.keys()].sort() : [market];
  const known = names
    .map(name => markets.get(name)?.trader(account) ?? NONE)
    .filter(trader => trader !== NONE);
  return known.flatMap(trader => traders.openOrders(trader));
}
