/**
 * Placing and cancelling orders. An order is checked whole, then planned against the book, then paid for: whatever is
 * refused leaves nothing behind.
 */
import type { Answer } from '../../shared/domain/answers.js';
import type { AccountOrders, OrderName, PlaceOrder } from '../../shared/domain/commands.js';
import type { Order } from '../../shared/domain/entities.js';
import type { OrderEnd, Trade } from '../../shared/domain/events.js';
import { reject } from '../../shared/domain/rejects.js';
import { checkFunds, checkOrder } from './checks.js';
import { lock, unlock } from './ledger.js';
import { planMatch } from './matching.js';
import type { OpenOrder } from './open-order.js';
import { refuse } from './refuse.js';
import { settle } from './settlement.js';
import type { State } from './state.js';
import type { TradedMarket } from './traded-market.js';

export function placeOrder(state: State, body: PlaceOrder): Answer {
  const market = state.markets.get(body.market);
  if (market === undefined) return refuse(state, reject('UNKNOWN_MARKET'));
  const trader = state.trader(body.account, market);
  const problem = checkOrder(state.orders, trader, body);
  if (problem !== null) return refuse(state, problem);
  planMatch(market.book, takerOf(market, body), state.plan);
  const shortage = checkFunds(state.plan, trader, body);
  if (shortage !== null) return refuse(state, shortage);

  // After this point the command must succeed.
  const order = state.newOrder(newOrder(state, body), trader);
  state.emit({
    kind: 'ORDER_PLACED',
    body: { orderId: order.orderId, account: order.account, market: order.market },
  });
  const trades = killed(state, body) ? [] : execute(state, order);
  finishOrder(state, order);
  return { kind: 'ORDER', order, trades, sequence: state.exchange.sequence };
}

function takerOf(market: TradedMarket, body: PlaceOrder) {
  return {
    side: body.side,
    account: body.account,
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
function execute(state: State, taker: OpenOrder): Trade[] {
  const { plan } = state;
  const { resting } = taker.trader.market;
  const trades: Trade[] = [];
  for (let step = 0; step < plan.count; step++) {
    const maker = resting[plan.makers[step]!]!;
    const lots = plan.lots[step]!;
    if (lots === 0) endResting(state, maker, 'EXPIRED_IN_MATCH');
    else trades.push(fill(state, taker, maker, lots));
  }
  return trades;
}

function fill(state: State, taker: OpenOrder, maker: OpenOrder, lots: number): Trade {
  const trade = settle(state, taker, maker, lots);
  maker.trader.market.book.reduce(maker.slot, lots);
  noteLevel(state, maker);
  addFill(state, taker, trade);
  addFill(state, maker, trade);
  if (maker.status === 'FILLED') {
    maker.queuePlace = 0;
    state.forget(maker);
  }
  return trade;
}

function addFill(state: State, order: OpenOrder, trade: Trade): void {
  order.filledQuantity += trade.quantity;
  order.filledQuote += trade.quoteAmount;
  order.status = order.filledQuantity === order.quantity ? 'FILLED' : 'PARTIALLY_FILLED';
  order.updatedAt = state.exchange.time;
  order.tracking.touch();
}

/** What becomes of the incoming order: filled, resting, or ended with the rest unfilled. */
function finishOrder(state: State, order: OpenOrder): void {
  const { end } = state.plan;
  if (order.status === 'FILLED') return;
  if (order.timeInForce === 'FOK') endOrder(state, order, 'EXPIRED');
  else if (end === 'SELF_TRADE') endOrder(state, order, 'EXPIRED_IN_MATCH');
  else if (order.timeInForce === 'GTC') restOrder(state, order);
  else if (end === 'COMPLETE' && order.filledQuantity > 0) order.status = 'FILLED';
  else endOrder(state, order, 'EXPIRED');
}

function restOrder(state: State, order: OpenOrder): void {
  order.queuePlace = state.exchange.sequence;
  lock(state.funds(order.trader, order.side), order.amountNeeded);
  state.rest(order);
  noteLevel(state, order);
}

/** Takes an open order out of the book and gives back what it locked. */
function endResting(state: State, order: OpenOrder, status: OrderEnd): void {
  unlock(state.funds(order.trader, order.side), order.amountNeeded);
  order.trader.market.book.remove(order.slot);
  noteLevel(state, order);
  order.queuePlace = 0;
  state.forget(order);
  endOrder(state, order, status);
}

function endOrder(state: State, order: OpenOrder, status: OrderEnd): void {
  order.status = status;
  order.updatedAt = state.exchange.time;
  order.tracking.touch();
  const { orderId, account, market, remaining } = order;
  state.emit({ kind: 'ORDER_ENDED', body: { orderId, account, market, status, remaining } });
}

/**
 * The level of a resting order changes, and with it the book: its update id rises by one for a command that changed
 * it, however often (D9).
 */
function noteLevel(state: State, { trader, side, price }: OpenOrder): void {
  const { market } = trader;
  market.depthChanges.note(side, price!);
  const { sequence } = state.exchange;
  if (market.bookChangedAt === sequence) return;
  market.bookChangedAt = sequence;
  market.updateId++;
  market.tracking.touch();
  if (!state.changedBooks.has(market)) state.changedBooks.set(market, market.updateId);
}

/** The named open order of that account; somebody else's is as unknown as none. */
export function findOrder(state: State, name: OrderName): OpenOrder | undefined {
  const { account, orderId, market, clientOrderId } = name;
  if (orderId === null) {
    const trader = state.markets.get(market!)?.traders.get(account);
    return trader && state.orders.named(trader, clientOrderId!);
  }
  const order = state.orders.get(orderId);
  return order?.account === account ? order : undefined;
}

export function cancelOrder(state: State, name: OrderName): Answer {
  if (name.market !== null && !state.markets.has(name.market)) return refuse(state, reject('UNKNOWN_MARKET'));
  const order = findOrder(state, name);
  if (order === undefined) return refuse(state, reject('UNKNOWN_ORDER'));

  // After this point the command must succeed.
  endResting(state, order, 'CANCELED');
  return { kind: 'ORDER', order, trades: [], sequence: state.exchange.sequence };
}

export function cancelAll(state: State, { account, market }: AccountOrders): Answer {
  if (market !== null && !state.markets.has(market)) return refuse(state, reject('UNKNOWN_MARKET'));

  // After this point the command must succeed.
  const orders = openOrders(state, { account, market });
  for (const order of orders) endResting(state, order, 'CANCELED');
  state.emit({ kind: 'CANCELED_ALL', body: { account, orders: orders.length } });
  return { kind: 'CANCELED', orderIds: orders.map(({ orderId }) => orderId).sort((a, b) => a - b) };
}

/**
 * The account's open orders of one market or all: markets by name, since the order in which it came to them does not
 * outlive a load; in a market the oldest first.
 */
export function openOrders(state: State, { account, market }: AccountOrders): OpenOrder[] {
  const traders = state.accounts.get(account)?.traders ?? [];
  return traders
    .filter(trader => market === null || trader.market.market === market)
    .sort((a, b) => (a.market.market < b.market.market ? -1 : 1))
    .flatMap(trader => trader.openOrders());
}
