/**
 * Placing and cancelling orders. An order is checked whole, then planned against the book, then paid for: whatever is
 * refused leaves nothing behind.
 */
import type { Answer } from '../../shared/domain/answers.js';
import type { AccountOrders, OrderName, PlaceOrder } from '../../shared/domain/commands.js';
import type { OrderEnd, Trade } from '../../shared/domain/events.js';
import { reject } from '../../shared/domain/rejects.js';
import { track } from './changes.js';
import { checkFunds, checkOrder } from './checks.js';
import { lock, unlock } from './ledger.js';
import { planMatch } from './matching.js';
import { refuse } from './refuse.js';
import { settle } from './settlement.js';
import type { OpenOrder, State, TradedMarket } from './state.js';

export function placeOrder(state: State, body: PlaceOrder): Answer {
  const market = state.markets.get(body.market);
  if (market === undefined) return refuse(state, reject('UNKNOWN_MARKET'));
  const problem = checkOrder(state, market, body);
  if (problem !== null) return refuse(state, problem);
  planMatch(market.book, takerOf(market, body), state.plan);
  const shortage = checkFunds(state, market, body);
  if (shortage !== null) return refuse(state, shortage);

  // After this point the command must succeed.
  const changesBefore = market.book.changes;
  const order = newOrder(state, body);
  state.emit({
    kind: 'ORDER_PLACED',
    body: { orderId: order.orderId, account: order.account, market: order.market },
  });
  const trades = killed(state, body) ? [] : execute(state, market, order);
  finishOrder(state, market, order);
  noteBookChange(state, market, changesBefore);
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

function newOrder(state: State, body: PlaceOrder): OpenOrder {
  const { sequence, time } = state.exchange;
  const order: OpenOrder = track('order', {
    orderId: sequence,
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
    filledQuantity: 0,
    filledQuote: 0n,
    status: 'NEW',
    queuePlace: 0,
    createdAt: time,
    updatedAt: time,
    slot: 0,
  });
  state.changes.touch(order.tracking);
  return order;
}

/** A fill-or-kill order that cannot fill whole does nothing. */
function killed(state: State, body: PlaceOrder): boolean {
  return body.timeInForce === 'FOK' && state.plan.filled < body.quantity!;
}

/** Carries out the plan, step by step. */
function execute(state: State, market: TradedMarket, taker: OpenOrder): Trade[] {
  const { plan } = state;
  const trades: Trade[] = [];
  for (let step = 0; step < plan.count; step++) {
    const maker = market.resting[plan.makers[step]!]!;
    const lots = plan.lots[step]!;
    if (lots === 0) endResting(state, market, maker, 'EXPIRED_IN_MATCH');
    else trades.push(fill(state, market, { taker, maker, lots }));
  }
  return trades;
}

interface Match {
  taker: OpenOrder;
  maker: OpenOrder;
  lots: number;
}

function fill(state: State, market: TradedMarket, { taker, maker, lots }: Match): Trade {
  const trade = settle(state, market, taker, maker, lots);
  market.book.reduce(maker.side, maker.slot, lots);
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
  state.changes.touch(order.tracking);
}

/** What becomes of the incoming order: filled, resting, or ended with the rest unfilled. */
function finishOrder(state: State, market: TradedMarket, order: OpenOrder): void {
  const { end } = state.plan;
  if (order.status === 'FILLED') return;
  if (order.timeInForce === 'FOK') endOrder(state, order, 'EXPIRED');
  else if (end === 'SELF_TRADE') endOrder(state, order, 'EXPIRED_IN_MATCH');
  else if (order.timeInForce === 'GTC') restOrder(state, market, order);
  else if (end === 'COMPLETE' && order.filledQuantity > 0) order.status = 'FILLED';
  else endOrder(state, order, 'EXPIRED');
}

function restOrder(state: State, market: TradedMarket, order: OpenOrder): void {
  order.queuePlace = state.exchange.sequence;
  const need = needOf(market, order);
  lock(state, order.account, need.asset, need.amount);
  state.rest(market, order);
}

/** What an open order keeps locked. */
export function needOf(market: TradedMarket, order: OpenOrder): { asset: string; amount: bigint } {
  const lots = BigInt(order.quantity! - order.filledQuantity);
  return order.side === 'BUY'
    ? { asset: market.quote, amount: lots * BigInt(order.price!) * market.tickLotValue }
    : { asset: market.base, amount: lots * market.lotSize };
}

/** Takes an open order out of the book and gives back what it locked. */
function endResting(state: State, market: TradedMarket, order: OpenOrder, status: OrderEnd): void {
  const need = needOf(market, order);
  unlock(state, order.account, need.asset, need.amount);
  market.book.remove(order.side, order.slot);
  order.queuePlace = 0;
  state.forget(order);
  endOrder(state, order, status);
}

function endOrder(state: State, order: OpenOrder, status: OrderEnd): void {
  order.status = status;
  order.updatedAt = state.exchange.time;
  state.changes.touch(order.tracking);
  const { orderId, account, market } = order;
  const remaining = order.quantity === null ? null : order.quantity - order.filledQuantity;
  state.emit({ kind: 'ORDER_ENDED', body: { orderId, account, market, status, remaining } });
}

/** The update id rises by one for a command that changed the book, however often (D9). */
function noteBookChange(state: State, market: TradedMarket, changesBefore: number): void {
  if (market.book.changes === changesBefore) return;
  market.updateId++;
  state.changes.touch(market.tracking);
  if (!state.changedBooks.has(market)) state.changedBooks.set(market, market.updateId);
}

/** The named open order of that account; somebody else's is as unknown as none. */
export function findOrder(state: State, name: OrderName): OpenOrder | undefined {
  if (name.orderId === null) return state.openOrders(name.account, name.market!).get(name.clientOrderId!);
  const order = state.orders.get(name.orderId);
  return order?.account === name.account ? order : undefined;
}

export function cancelOrder(state: State, name: OrderName): Answer {
  if (name.market !== null && !state.markets.has(name.market)) return refuse(state, reject('UNKNOWN_MARKET'));
  const order = findOrder(state, name);
  if (order === undefined) return refuse(state, reject('UNKNOWN_ORDER'));

  // After this point the command must succeed.
  const market = state.markets.get(order.market)!;
  const changesBefore = market.book.changes;
  endResting(state, market, order, 'CANCELED');
  noteBookChange(state, market, changesBefore);
  return { kind: 'ORDER', order, trades: [], sequence: state.exchange.sequence };
}

export function cancelAll(state: State, { account, market: name }: AccountOrders): Answer {
  if (name !== null && !state.markets.has(name)) return refuse(state, reject('UNKNOWN_MARKET'));

  // After this point the command must succeed.
  const orderIds: number[] = [];
  // By name, since the order in which an account came to its markets does not outlive a load.
  const markets = name === null ? [...(state.accounts.get(account)?.open.keys() ?? [])].sort() : [name];
  for (const market of markets) orderIds.push(...cancelMarket(state, account, state.markets.get(market)!));
  orderIds.sort((a, b) => a - b);
  state.emit({ kind: 'CANCELED_ALL', body: { account, orders: orderIds.length } });
  return { kind: 'CANCELED', orderIds };
}

function cancelMarket(state: State, account: number, market: TradedMarket): number[] {
  const changesBefore = market.book.changes;
  const orders = [...state.openOrders(account, market.market).values()];
  for (const order of orders) endResting(state, market, order, 'CANCELED');
  noteBookChange(state, market, changesBefore);
  return orders.map(order => order.orderId);
}
