/** What an order must be before it may touch anything. Checks change nothing; the first that fails is the refusal. */
import type { PlaceOrder } from '../../shared/domain/commands.js';
import { opposite } from '../../shared/domain/orders.js';
import { insufficient, type Reject, type RejectCode, reject } from '../../shared/domain/rejects.js';
import { baseOf, quoteOf } from './amounts.js';
import { crosses, type MatchPlan } from './matching.js';
import { MAX_ORDERS } from './order-records.js';
import { NONE } from './order-slots.js';
import type { State } from './state.js';
import type { TradedMarket } from './traded-market.js';

/** Everything that does not depend on what the order would match. */
export function checkOrder(state: State, trader: number, order: PlaceOrder): Reject | null {
  const market = state.traders.market(trader);
  const code =
    checkMarketStatus(market) ??
    checkRanges(market, order) ??
    checkLiquidity(market, order) ??
    checkNotional(market, order) ??
    checkOpenOrders(state, trader, order);
  return code === null ? null : reject(code);
}

function checkMarketStatus(market: TradedMarket): RejectCode | null {
  return market.status === 'TRADING' ? null : 'MARKET_NOT_TRADING';
}

function checkRanges(
  market: TradedMarket,
  { price, quantity, quoteQuantity }: PlaceOrder,
): RejectCode | null {
  if (price !== null && (price < market.minPrice || price > market.maxPrice)) return 'PRICE_OUT_OF_RANGE';
  if (quantity !== null && (quantity < market.minQuantity || quantity > market.maxQuantity))
    return 'QUANTITY_OUT_OF_RANGE';
  return quoteQuantity !== null && quoteQuantity <= 0n ? 'QUANTITY_OUT_OF_RANGE' : null;
}

function checkLiquidity(market: TradedMarket, order: PlaceOrder): RejectCode | null {
  if (order.type === 'MARKET' && market.book.levels(opposite(order.side)).count === 0) return 'NO_LIQUIDITY';
  return order.type === 'LIMIT_MAKER' && crosses(market.book, order.side, order.price!) ? 'WOULD_TAKE' : null;
}

/** A market order by quantity is valued at the best price that it would meet. */
function checkNotional(
  market: TradedMarket,
  { side, price, quantity, quoteQuantity }: PlaceOrder,
): RejectCode | null {
  if (quoteQuantity !== null) return quoteQuantity < market.minNotional ? 'MIN_NOTIONAL' : null;
  const ticks = price ?? market.book.bestPrice(opposite(side));
  return quoteOf(market, ticks, quantity!) < market.minNotional ? 'MIN_NOTIONAL' : null;
}

function checkOpenOrders(
  { openOrders, traders }: State,
  trader: number,
  order: PlaceOrder,
): RejectCode | null {
  const market = traders.market(trader);
  if (openOrders.withName(trader, order.clientOrderId) !== NONE) return 'DUPLICATE_CLIENT_ORDER_ID';
  if (order.timeInForce !== 'GTC') return null;
  if (traders.openCount(trader) >= market.maxOpenOrders) return 'TOO_MANY_ORDERS';
  if (openOrders.size >= MAX_ORDERS) return 'LIMIT_EXCEEDED';
  const total = market.book.totalAt(order.side, order.price!);
  return total + order.quantity! > Number.MAX_SAFE_INTEGER ? 'LIMIT_EXCEEDED' : null;
}

/** Whether the account can pay for all that the planned order may come to. */
export function checkFunds(
  { plan, ledger, traders }: State,
  trader: number,
  order: PlaceOrder,
): Reject | null {
  const market = traders.market(trader);
  const needed = order.side === 'BUY' ? quoteNeeded(plan, market, order) : baseNeeded(plan, market, order);
  const funds = traders.funds(trader, order.side);
  const available = funds === NONE ? 0n : ledger.available(funds);
  return available < needed ? insufficient(market.paidIn(order.side), needed, available) : null;
}

/** A limit order must be able to pay its limit; a market order what it would cost now. */
function quoteNeeded(plan: MatchPlan, market: TradedMarket, order: PlaceOrder): bigint {
  if (order.quoteQuantity !== null) return order.quoteQuantity;
  if (order.price === null) return plan.value() * market.tickLotValue;
  return quoteOf(market, order.price, order.quantity!);
}

function baseNeeded(plan: MatchPlan, market: TradedMarket, order: PlaceOrder): bigint {
  return baseOf(market, order.quantity ?? plan.filled);
}
