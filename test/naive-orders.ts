/**
 * PLACE_ORDER, CANCEL_ORDER and CANCEL_ALL, as docs/RULES.md has them: the checks in the order of its table, then the
 * course of the matching carried out step by step.
 */
import type { Answer } from '../shared/domain/answers.js';
import type { AccountOrders, OrderName, PlaceOrder } from '../shared/domain/commands.js';
import type { Market, Order } from '../shared/domain/entities.js';
import type { OrderEnd, SettledTrade } from '../shared/domain/events.js';
import { isOpen, opposite } from '../shared/domain/orders.js';
import { insufficient, type Reject, type RejectCode, reject } from '../shared/domain/rejects.js';
import { availableOf, feeOf, lockRest, move, payFee, unlockRest } from './naive-ledger.js';
import { accepts, type Course, courseOf, lotsBeside, queueOf } from './naive-matching.js';
import { countReport, marketNamed, type NaiveState, namesUnknownMarket } from './naive-state.js';

const MAX_LEVEL_LOTS = 2n ** 53n - 1n;

export function placeOrder(state: NaiveState, wish: PlaceOrder): Answer | Reject {
  const market = marketNamed(state, wish.market);
  if (market === undefined) return reject('UNKNOWN_MARKET');
  const order = newOrder(state, wish);
  const code = refusalOf(state, market, order);
  if (code !== undefined) return reject(code);
  const course = courseOf(state, market, order);
  const { asset, amount } = costOf(market, order, course);
  const available = availableOf(state, order.account, asset);
  if (available < amount) return insufficient(asset, amount, available);

  state.orders.push(order);
  state.events.push({
    kind: 'ORDER_PLACED',
    body: { orderId: order.orderId, account: order.account, market: order.market },
  });
  countReport(state, order.account);
  const isKilled = order.timeInForce === 'FOK' && course.lots < BigInt(order.quantity!);
  if (!isKilled) carryOut(state, market, order, course);
  if (order.status !== 'FILLED') finish(state, market, order, course);
  return answerOf(state, order);
}

export function cancelOrder(state: NaiveState, name: OrderName): Answer | Reject {
  if (namesUnknownMarket(state, name.market)) return reject('UNKNOWN_MARKET');
  const order = openOrdersOf(state, name.account).find(order =>
    name.orderId === null
      ? order.market === name.market && order.clientOrderId === name.clientOrderId
      : order.orderId === name.orderId,
  );
  if (order === undefined) return reject('UNKNOWN_ORDER');
  endResting(state, order, 'CANCELED');
  return answerOf(state, order);
}

export function cancelAll(state: NaiveState, { account, market }: AccountOrders): Answer | Reject {
  if (namesUnknownMarket(state, market)) return reject('UNKNOWN_MARKET');
  const orders = openOrdersOf(state, account)
    .filter(order => market === null || order.market === market)
    .sort((a, b) => (a.market === b.market ? a.orderId - b.orderId : a.market < b.market ? -1 : 1));
  for (const order of orders) endResting(state, order, 'CANCELED');
  state.events.push({ kind: 'CANCELED_ALL', body: { account, orders: orders.length } });
  return { kind: 'CANCELED', orderIds: orders.map(({ orderId }) => orderId) };
}

function newOrder({ exchange: { sequence, time } }: NaiveState, wish: PlaceOrder): Order {
  return {
    ...wish,
    orderId: sequence,
    filledQuantity: 0,
    filledQuote: 0n,
    status: 'NEW',
    queuePlace: 0,
    createdAt: time,
    updatedAt: time,
  };
}

/** The first check of the table that fails, of those between UNKNOWN_MARKET and INSUFFICIENT_BALANCE. */
function refusalOf(state: NaiveState, market: Market, order: Order): RejectCode | undefined {
  const { price, quantity, quoteQuantity } = order;
  const best = queueOf(state, market.market, opposite(order.side))[0];
  const open = openOrdersOf(state, order.account).filter(other => other.market === order.market);
  const isGtc = order.timeInForce === 'GTC';
  const value = () =>
    quoteQuantity ?? BigInt(price ?? best!.price!) * BigInt(quantity!) * market.tickLotValue;
  const checks: [RejectCode, () => boolean][] = [
    ['MARKET_NOT_TRADING', () => market.status !== 'TRADING'],
    ['PRICE_OUT_OF_RANGE', () => price !== null && (price < market.minPrice || price > market.maxPrice)],
    [
      'QUANTITY_OUT_OF_RANGE',
      () => quantity !== null && (quantity < market.minQuantity || quantity > market.maxQuantity),
    ],
    ['QUANTITY_OUT_OF_RANGE', () => quoteQuantity !== null && quoteQuantity <= 0n],
    ['NO_LIQUIDITY', () => order.type === 'MARKET' && best === undefined],
    ['WOULD_TAKE', () => order.type === 'LIMIT_MAKER' && best !== undefined && accepts(order, best)],
    ['MIN_NOTIONAL', () => value() < market.minNotional],
    [
      'DUPLICATE_CLIENT_ORDER_ID',
      () => open.some(({ clientOrderId }) => clientOrderId === order.clientOrderId),
    ],
    ['TOO_MANY_ORDERS', () => isGtc && open.length >= market.maxOpenOrders],
    ['LIMIT_EXCEEDED', () => isGtc && BigInt(quantity!) + lotsBeside(state, order) > MAX_LEVEL_LOTS],
  ];
  return checks.find(([, fails]) => fails())?.[0];
}

/** What the order may cost. */
function costOf(market: Market, order: Order, fills: Course): { asset: string; amount: bigint } {
  const { price, quantity, quoteQuantity } = order;
  if (order.side === 'SELL') {
    const lots = quantity === null ? fills.lots : BigInt(quantity);
    return { asset: market.base, amount: lots * market.lotSize };
  }
  const worth = price === null ? fills.value : BigInt(price) * BigInt(quantity!);
  return { asset: market.quote, amount: quoteQuantity ?? worth * market.tickLotValue };
}

function carryOut(state: NaiveState, market: Market, taker: Order, course: Course): void {
  for (const { maker, lots } of course.steps) {
    if (lots === 'EXPIRES') endResting(state, maker, 'EXPIRED_IN_MATCH');
    else trade(state, market, { taker, maker, lots });
  }
}

interface Match {
  taker: Order;
  maker: Order;
  lots: bigint;
}

function trade(state: NaiveState, market: Market, { taker, maker, lots }: Match): void {
  const tradeId = ++market.lastTradeId;
  const base = { asset: market.base, amount: lots * market.lotSize };
  const quote = { asset: market.quote, amount: lots * BigInt(maker.price!) * market.tickLotValue };
  const [takerPays, makerPays] = taker.side === 'BUY' ? [quote, base] : [base, quote];
  const takerFee = feeOf(makerPays.amount, market.takerFee);
  const makerFee = feeOf(takerPays.amount, market.makerFee);
  const takersPayment = { ...takerPays, from: taker.account, outOf: 'available', to: maker.account } as const;
  const makersPayment = { ...makerPays, from: maker.account, outOf: 'locked', to: taker.account } as const;
  const { ledgerId, ...takerPaid } = move(state, takersPayment);
  const makerPaid = move(state, makersPayment);
  const takerFeeAfter = payFee(state, { asset: makerPays.asset, amount: takerFee, from: taker.account });
  const makerFeeAfter = payFee(state, { asset: takerPays.asset, amount: makerFee, from: maker.account });
  const body: SettledTrade = {
    market: market.market,
    tradeId,
    price: maker.price!,
    quantity: Number(lots),
    baseAmount: base.amount,
    quoteAmount: quote.amount,
    buyerIsMaker: maker.side === 'BUY',
    takerOrderId: taker.orderId,
    takerAccount: taker.account,
    takerFee,
    makerOrderId: maker.orderId,
    makerAccount: maker.account,
    makerFee,
    base: market.base,
    quote: market.quote,
    ledgerId,
    takerPaidAfter: takerPaid.fromAfter,
    makerReceivedAfter: takerPaid.toAfter,
    makerPaidAfter: makerPaid.fromAfter,
    takerReceivedAfter: makerPaid.toAfter,
    takerFeeAfter,
    makerFeeAfter,
  };
  state.events.push({ kind: 'TRADE', body });
  fill(state, taker, lots, quote.amount);
  fill(state, maker, lots, quote.amount);
}

function fill(state: NaiveState, order: Order, lots: bigint, quote: bigint): void {
  order.filledQuantity = Number(BigInt(order.filledQuantity) + lots);
  order.filledQuote += quote;
  order.status = order.filledQuantity === order.quantity ? 'FILLED' : 'PARTIALLY_FILLED';
  order.updatedAt = state.exchange.time;
  if (order.status === 'FILLED') order.queuePlace = 0;
  countReport(state, order.account);
}

/** What becomes of an order that its fills have not filled. */
function finish(state: NaiveState, market: Market, order: Order, course: Course): void {
  if (order.timeInForce === 'FOK') {
    end(state, order, 'EXPIRED');
  } else if (course.end === 'SELF_TRADE') {
    end(state, order, 'EXPIRED_IN_MATCH');
  } else if (order.timeInForce === 'GTC') {
    lockRest(state, market, order);
    order.queuePlace = state.exchange.sequence;
  } else if (course.end === 'HAS_ALL' && course.lots > 0n) {
    order.status = 'FILLED';
  } else {
    end(state, order, 'EXPIRED');
  }
}

export function endResting(state: NaiveState, order: Order, status: OrderEnd): void {
  unlockRest(state, marketNamed(state, order.market)!, order);
  end(state, order, status);
}

function end(state: NaiveState, order: Order, status: OrderEnd): void {
  order.status = status;
  order.queuePlace = 0;
  order.updatedAt = state.exchange.time;
  const { orderId, account, market, quantity } = order;
  const remaining = quantity === null ? null : quantity - order.filledQuantity;
  state.events.push({ kind: 'ORDER_ENDED', body: { orderId, account, market, status, remaining } });
  countReport(state, account);
}

function openOrdersOf(state: NaiveState, account: number): Order[] {
  return state.orders.filter(order => order.account === account && isOpen(order.status));
}

function answerOf(state: NaiveState, order: Order): Answer {
  const trades = state.events.flatMap(event => (event.kind === 'TRADE' ? [event.body] : []));
  return { kind: 'ORDER', order: { ...order }, trades, sequence: state.exchange.sequence };
}
