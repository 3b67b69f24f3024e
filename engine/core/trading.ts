/**
 * Placing and cancelling orders. An order is checked whole, then planned against the book, then paid for: whatever is
 * refused leaves nothing behind.
 */
import type { Answer } from '../../shared/domain/answers.js';
import type { AccountOrders, OrderName, PlaceOrder } from '../../shared/domain/commands.js';
import type { Market, Order } from '../../shared/domain/entities.js';
import type { OrderEnd, Trade } from '../../shared/domain/events.js';
import { reject } from '../../shared/domain/rejects.js';
import { baseOf, quoteOf } from './amounts.js';
import { checkFunds, checkOrder } from './checks.js';
import { lock, unlock } from './ledger.js';
import { planMatch, type Taker } from './matching.js';
import { NONE } from './order-slots.js';
import { refuse } from './refuse.js';
import { settle } from './settlement.js';
import type { State } from './state.js';
import type { TradedMarket } from './traded-market.js';
import type { Trader } from './trader.js';

export function placeOrder(state: State, body: PlaceOrder): Answer {
  const market = state.markets.get(body.market);
  if (market === undefined) return refuse(state, reject('UNKNOWN_MARKET'));
  const trader = state.trader(body.account, market);
  const problem = checkOrder(state.openOrders, trader, body);
  if (problem !== null) return refuse(state, problem);
  planMatch(market.book, state.slots, takerOf(trader, body), state.plan);
  const shortage = checkFunds(state.plan, trader, body);
  if (shortage !== null) return refuse(state, shortage);

  // After this point the command must succeed.
  const { sequence } = state.exchange;
  const order = state.newOrder(newOrder(state, body), trader);
  state.emit({
    kind: 'ORDER_PLACED',
    body: { orderId: sequence, account: body.account, market: market.market },
  });
  const trades = killed(state, body) ? [] : execute(state, order);
  finishOrder(state, order, trader, body);
  return { kind: 'ORDER', order: state.orders.read(order, trader), trades, sequence };
}

function takerOf({ market, number }: Trader, body: PlaceOrder): Taker {
  return {
    side: body.side,
    trader: number,
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
function killed(state: State, body: PlaceOrder): boolean {
  return body.timeInForce === 'FOK' && state.plan.filled < body.quantity!;
}

/** Carries out the plan, step by step. */
function execute(state: State, taker: number): Trade[] {
  const { plan } = state;
  const trades: Trade[] = [];
  for (let step = 0; step < plan.count; step++) {
    const maker = plan.makers[step]!;
    const lots = plan.lots[step]!;
    if (lots === 0) endResting(state, maker, 'EXPIRED_IN_MATCH');
    else trades.push(fill(state, taker, maker, lots));
  }
  return trades;
}

function fill(state: State, taker: number, maker: number, lots: number): Trade {
  const trader = state.traderOf(maker);
  const trade = settle(state, taker, maker, lots);
  addFill(state, taker, trade, state.slots.reduce(taker, lots));
  addFill(state, maker, trade, trader.market.book.reduce(maker, lots));
  noteLevel(state, trader.market, maker);
  if (state.slots.remaining(maker) === 0) leave(state, trader, maker);
  return trade;
}

function addFill(state: State, order: number, { quantity, quoteAmount }: Trade, remaining: number): void {
  const { orders } = state;
  orders.addFill(order, quantity, quoteAmount);
  orders.setStatus(order, remaining === 0 ? 'FILLED' : 'PARTIALLY_FILLED');
  orders.setUpdatedAt(order, state.exchange.time);
  state.changes.order.touch(order);
}

/** What becomes of the incoming order: filled, resting, or ended with the rest unfilled. */
function finishOrder(
  state: State,
  order: number,
  trader: Trader,
  { timeInForce, quantity }: PlaceOrder,
): void {
  const { filled, end } = state.plan;
  if (filled === quantity) return;
  if (timeInForce === 'FOK') endOrder(state, trader, order, 'EXPIRED');
  else if (end === 'SELF_TRADE') endOrder(state, trader, order, 'EXPIRED_IN_MATCH');
  else if (timeInForce === 'GTC') restOrder(state, trader, order);
  else if (end === 'COMPLETE' && filled > 0) state.orders.setStatus(order, 'FILLED');
  else endOrder(state, trader, order, 'EXPIRED');
}

function restOrder(state: State, trader: Trader, order: number): void {
  const { orders } = state;
  orders.setQueuePlace(order, state.exchange.sequence);
  lock(state.funds(trader, orders.side(order)), amountNeeded(state, trader.market, order));
  state.rest(order, trader);
  noteLevel(state, trader.market, order);
}

/** What an open order keeps locked, in smallest units of what its side pays with. */
export function amountNeeded({ orders, slots }: State, market: Market, order: number): bigint {
  const lots = slots.remaining(order);
  return orders.side(order) === 'BUY' ? quoteOf(market, orders.price(order), lots) : baseOf(market, lots);
}

/** Takes an open order out of the book and gives back what it locked. */
function endResting(state: State, order: number, status: OrderEnd): void {
  const trader = state.traderOf(order);
  unlock(state.funds(trader, state.orders.side(order)), amountNeeded(state, trader.market, order));
  trader.market.book.remove(order);
  noteLevel(state, trader.market, order);
  leave(state, trader, order);
  endOrder(state, trader, order, status);
}

/** The order is no longer open, and in no queue. */
function leave(state: State, trader: Trader, order: number): void {
  state.orders.setQueuePlace(order, 0);
  state.forget(order, trader);
}

function endOrder(state: State, { holder, market }: Trader, order: number, status: OrderEnd): void {
  const { orders } = state;
  orders.setStatus(order, status);
  orders.setUpdatedAt(order, state.exchange.time);
  state.changes.order.touch(order);
  const remaining = orders.quantity(order) === 0 ? null : state.slots.remaining(order);
  state.emit({
    kind: 'ORDER_ENDED',
    body: {
      orderId: orders.orderId(order),
      account: holder.account,
      market: market.market,
      status,
      remaining,
    },
  });
}

/**
 * The level of a resting order changes, and with it the book: its update id rises by one for a command that changed
 * it, however often (D9).
 */
function noteLevel({ orders, exchange, changedBooks }: State, market: TradedMarket, order: number): void {
  market.depthChanges.note(orders.side(order), orders.price(order));
  if (market.bookChangedAt === exchange.sequence) return;
  market.bookChangedAt = exchange.sequence;
  market.updateId++;
  market.tracking.touch();
  if (!changedBooks.has(market)) changedBooks.set(market, market.updateId);
}

/** The named open order of that account, or NONE; somebody else's is as unknown as none. */
export function findOrder(state: State, { account, orderId, market, clientOrderId }: OrderName): number {
  if (orderId === null) {
    const trader = state.markets.get(market!)?.traders.get(account);
    return trader === undefined ? NONE : state.openOrders.withName(trader, clientOrderId!);
  }
  const order = state.openOrders.withId(orderId);
  return order !== NONE && state.traderOf(order).holder.account === account ? order : NONE;
}

export function cancelOrder(state: State, name: OrderName): Answer {
  if (name.market !== null && !state.markets.has(name.market)) return refuse(state, reject('UNKNOWN_MARKET'));
  const order = findOrder(state, name);
  if (order === NONE) return refuse(state, reject('UNKNOWN_ORDER'));

  // After this point the command must succeed.
  endResting(state, order, 'CANCELED');
  const canceled = state.orders.read(order, state.traderOf(order));
  return { kind: 'ORDER', order: canceled, trades: [], sequence: state.exchange.sequence };
}

export function cancelAll(state: State, { account, market }: AccountOrders): Answer {
  if (market !== null && !state.markets.has(market)) return refuse(state, reject('UNKNOWN_MARKET'));

  // After this point the command must succeed.
  const orders = openOrders(state, { account, market });
  const orderIds = orders.map(order => state.orders.orderId(order)).sort((a, b) => a - b);
  for (const order of orders) endResting(state, order, 'CANCELED');
  state.emit({ kind: 'CANCELED_ALL', body: { account, orders: orders.length } });
  return { kind: 'CANCELED', orderIds };
}

/**
 * The account's open orders of one market or all: markets by name, since the order in which it came to them does not
 * outlive a load; in a market the oldest first.
 */
export function openOrders(state: State, { account, market }: AccountOrders): number[] {
  const traders = state.accounts.get(account)?.traders ?? [];
  return traders
    .filter(trader => market === null || trader.market.market === market)
    .sort((a, b) => (a.market.market < b.market.market ? -1 : 1))
    .flatMap(trader => trader.openOrders(state.orders));
}
