/**
 * Orders: place, look up, cancel.
 *
 * The state of an order that the engine holds comes from the engine; its earlier fills come from Postgres, read when
 * Postgres has come as far as the engine's answer, so that the two never disagree. Where they cannot be read, the answer
 * has no `fills`: the state is known, and a cancel has happened.
 */
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { OrderName, PlaceOrder } from '../../shared/domain/commands.js';
import type { Order } from '../../shared/domain/entities.js';
import type { StoredTrade } from '../../shared/domain/history.js';
import type { MarketScale } from '../../shared/domain/units.js';
import { ApiError } from '../errors.js';
import type { Caller } from '../tokens.js';
import { orderForm, type TimedTrade } from './forms.js';
import { expectAnswer } from './refusals.js';
import type * as schemas from './schemas.js';
import { knownMarket, type Services } from './services.js';
import { amountOf, lotsOf, ticksOf } from './steps.js';

type OrderRequest = z.output<typeof schemas.order>;
type OrderNameRequest = z.output<typeof schemas.orderName>;
type OpenOrdersRequest = z.output<typeof schemas.openOrders>;

const BY_NAME = { name: 'order' };

/** Ours are told from other processes' and from those of an earlier life by 48 random bits. */
const madeUpPrefix = `x-${randomBytes(6).toString('base64url')}-`;
let madeUp = 0;

export async function placeOrder(services: Services, request: OrderRequest, caller: Caller) {
  const { scale } = knownMarket(services, request.market);
  const body = toPlaceOrder(request, scale, caller.userId);
  const subject = {
    name: `${request.market} ${request.side === 'BUY' ? 'buy' : 'sell'}`,
    amountField: body.quoteQuantity === null ? 'quantity' : 'quoteQuantity',
  };
  const answer = await services.engine.ask({ kind: 'PLACE_ORDER', body });
  const { order, trades } = expectAnswer(answer, 'ORDER', subject, services.catalog);
  // An event's time is its command's, which is the time of the order's last change.
  const fills: TimedTrade[] = trades.map(trade => ({ time: order.updatedAt, ...trade }));
  return orderForm(order, scale, fills);
}

export async function getOrder(services: Services, request: OrderNameRequest, caller: Caller) {
  const body = toOrderName(services, request, caller.userId);
  const answer = await services.engine.ask({ kind: 'GET_ORDER', body });
  if (answer.kind === 'NOT_HELD') {
    await services.watermark.reached(answer.sequence);
    return endedOrder(services, body);
  }
  const { order, sequence } = expectAnswer(answer, 'ORDER', BY_NAME, services.catalog);
  const trades = await tradesAt(services, [order], sequence);
  return formOf(services, order, trades?.get(order));
}

export async function cancelOrder(services: Services, request: OrderNameRequest, caller: Caller) {
  const body = toOrderName(services, request, caller.userId);
  const answer = await services.engine.ask({ kind: 'CANCEL_ORDER', body });
  const { order, sequence } = expectAnswer(answer, 'ORDER', BY_NAME, services.catalog);
  const trades = await tradesAt(services, [order], sequence);
  return formOf(services, order, trades?.get(order));
}

export async function openOrders(services: Services, { market }: OpenOrdersRequest, caller: Caller) {
  if (market !== undefined) knownMarket(services, market);
  const body = { account: caller.userId, market: market ?? null };
  const answer = await services.engine.ask({ kind: 'OPEN_ORDERS', body });
  const { orders, sequence } = expectAnswer(answer, 'ORDERS', BY_NAME, services.catalog);
  const trades = await tradesAt(services, orders, sequence);
  return orders.map(order => formOf(services, order, trades?.get(order)));
}

export async function cancelAll(services: Services, { market }: OpenOrdersRequest, caller: Caller) {
  if (market !== undefined) knownMarket(services, market);
  const body = { account: caller.userId, market: market ?? null };
  const answer = await services.engine.ask({ kind: 'CANCEL_ALL', body });
  const { orderIds } = expectAnswer(answer, 'CANCELED', BY_NAME, services.catalog);
  return { canceled: orderIds.map(String) };
}

function toPlaceOrder(request: OrderRequest, scale: MarketScale, account: number): PlaceOrder {
  const { market, side, type, timeInForce, selfTradePrevention, quantity } = request;
  const quoteQuantity = request.type === 'MARKET' ? request.quoteQuantity : undefined;
  return {
    account,
    market,
    clientOrderId: request.clientOrderId ?? `${madeUpPrefix}${++madeUp}`,
    side,
    type,
    timeInForce,
    selfTradePrevention,
    price: request.type === 'MARKET' ? null : ticksOf(request.price, scale),
    quantity: quantity === undefined ? null : lotsOf(quantity, scale),
    quoteQuantity:
      quoteQuantity === undefined ? null : amountOf(quoteQuantity, scale.quoteDecimals, 'quoteQuantity'),
  };
}

function toOrderName(services: Services, request: OrderNameRequest, account: number): OrderName {
  const { orderId = null, market = null, clientOrderId = null } = request;
  if (market !== null) knownMarket(services, market);
  return { account, orderId, market, clientOrderId };
}

/** An order that the engine no longer holds. */
async function endedOrder(services: Services, { account, orderId, market, clientOrderId }: OrderName) {
  const { history } = services;
  const order =
    orderId === null
      ? await history.newestOrder(account, market!, clientOrderId!)
      : await history.order(account, orderId);
  if (order === undefined) throw new ApiError('UNKNOWN_ORDER', 'no such order');
  const trades = await history.tradesOf([order]);
  return formOf(services, order, trades?.get(order));
}

function formOf(services: Services, order: Order, trades: readonly StoredTrade[] | undefined) {
  return orderForm(order, knownMarket(services, order.market).scale, trades);
}

/** The trades of orders as they were at the sequence; undefined where they cannot be read. */
async function tradesAt({ watermark, history }: Services, orders: readonly Order[], sequence: number) {
  try {
    if (orders.some(order => order.filledQuantity > 0)) await watermark.reached(sequence);
    return await history.tradesOf(orders);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'HISTORY_UNAVAILABLE') return undefined;
    throw error;
  }
}
