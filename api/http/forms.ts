/**
 * How the exchange's records look to a client (API.md): decimals padded to their scale, ids as strings, times in
 * milliseconds.
 */
import type { Asset, Balance, Market, Order } from '../../shared/domain/entities.js';
import type { Trade } from '../../shared/domain/events.js';
import type { StoredLedgerEntry, StoredTrade } from '../../shared/domain/history.js';
import { type Candle, closeTime, type Interval } from '../../shared/domain/klines.js';
import { opposite, type Side } from '../../shared/domain/orders.js';
import {
  averagePrice,
  FEE_DECIMALS,
  fromLots,
  fromTicks,
  fromUnits,
  type MarketScale,
} from '../../shared/domain/units.js';
import type { AccountFill } from '../history.js';

/** A trade with its time, in milliseconds. */
export type TimedTrade = Trade & { time: number };

/** @param trades the order's own, oldest first; left out of the answer where they are not known */
export function orderForm(order: Order, scale: MarketScale, trades: readonly TimedTrade[] | undefined) {
  return {
    orderId: String(order.orderId),
    clientOrderId: order.clientOrderId,
    market: order.market,
    side: order.side,
    type: order.type,
    timeInForce: order.timeInForce,
    price: order.price === null ? null : fromTicks(order.price, scale),
    quantity: order.quantity === null ? null : fromLots(order.quantity, scale),
    quoteQuantity:
      order.quoteQuantity === null ? undefined : fromUnits(order.quoteQuantity, scale.quoteDecimals),
    filledQuantity: fromLots(order.filledQuantity, scale),
    filledQuote: fromUnits(order.filledQuote, scale.quoteDecimals),
    averagePrice: averagePrice(order.filledQuantity, order.filledQuote, scale),
    status: order.status,
    selfTradePrevention: order.selfTradePrevention,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    fills: trades?.map(trade => fillForm(trade, order, scale)),
  };
}

function fillForm(trade: TimedTrade, order: Order, scale: MarketScale) {
  const maker = trade.makerOrderId === order.orderId;
  return {
    tradeId: String(trade.tradeId),
    price: fromTicks(trade.price, scale),
    quantity: fromLots(trade.quantity, scale),
    ...feeForm(maker ? trade.makerFee : trade.takerFee, order.side, scale),
    maker,
    time: trade.time,
  };
}

/** A fee is taken from what the side receives: base by the buyer, quote by the seller. */
function feeForm(fee: bigint, side: Side, scale: MarketScale) {
  return side === 'BUY'
    ? { fee: fromUnits(fee, scale.baseDecimals), feeAsset: scale.base }
    : { fee: fromUnits(fee, scale.quoteDecimals), feeAsset: scale.quote };
}

export function accountFillForm({ trade, maker }: AccountFill, scale: MarketScale) {
  const makerSide: Side = trade.buyerIsMaker ? 'BUY' : 'SELL';
  const side = maker ? makerSide : opposite(makerSide);
  return {
    tradeId: String(trade.tradeId),
    orderId: String(maker ? trade.makerOrderId : trade.takerOrderId),
    market: trade.market,
    side,
    price: fromTicks(trade.price, scale),
    quantity: fromLots(trade.quantity, scale),
    quoteQuantity: fromUnits(trade.quoteAmount, scale.quoteDecimals),
    ...feeForm(maker ? trade.makerFee : trade.takerFee, side, scale),
    maker,
    time: trade.time,
  };
}

/** Where the page after this fill begins. */
export function fillPlace({ trade, maker }: { trade: StoredTrade; maker: boolean }): number[] {
  return [trade.sequence, trade.tradeId, maker ? 1 : 0];
}

export function ledgerEntryForm(entry: StoredLedgerEntry, decimals: number) {
  return {
    ledgerId: String(entry.ledgerId),
    asset: entry.asset,
    amount: fromUnits(entry.amount, decimals),
    type: entry.type,
    reference: entry.reference,
    balanceAfter: fromUnits(entry.balanceAfter, decimals),
    time: entry.time,
  };
}

/** An account's balance of every asset, zero where it never had any. */
export function balanceForms(assets: readonly Asset[], balances: readonly Balance[]) {
  const known = new Map(balances.map(balance => [balance.asset, balance]));
  return assets.map(({ asset, decimals }) => ({
    asset,
    available: fromUnits(known.get(asset)?.available ?? 0n, decimals),
    locked: fromUnits(known.get(asset)?.locked ?? 0n, decimals),
  }));
}

export function assetForm({ asset, decimals, status }: Asset) {
  return { asset, decimals, status };
}

export function marketForm(market: Market, scale: MarketScale) {
  return {
    market: market.market,
    base: market.base,
    quote: market.quote,
    tickSize: fromTicks(1, scale),
    lotSize: fromLots(1, scale),
    minQuantity: fromLots(market.minQuantity, scale),
    maxQuantity: fromLots(market.maxQuantity, scale),
    minPrice: fromTicks(market.minPrice, scale),
    maxPrice: fromTicks(market.maxPrice, scale),
    minNotional: fromUnits(market.minNotional, scale.quoteDecimals),
    maxOpenOrders: market.maxOpenOrders,
    makerFee: feeRate(market.makerFee),
    takerFee: feeRate(market.takerFee),
    status: market.status,
  };
}

/** A decimal fraction without needless zeros: `0.001`, `0`. */
function feeRate(fee: number): string {
  return fromUnits(fee, FEE_DECIMALS).replace(/\.?0+$/, '');
}

export function candleForm(candle: Candle, interval: Interval, scale: MarketScale) {
  return {
    openTime: candle.openTime,
    open: fromTicks(candle.open, scale),
    high: fromTicks(candle.high, scale),
    low: fromTicks(candle.low, scale),
    close: fromTicks(candle.close, scale),
    volume: fromUnits(candle.volume, scale.baseDecimals),
    closeTime: closeTime(interval, candle.openTime),
    quoteVolume: fromUnits(candle.quoteVolume, scale.quoteDecimals),
    trades: candle.trades,
    takerBuyVolume: fromUnits(candle.takerBuyVolume, scale.baseDecimals),
    takerBuyQuoteVolume: fromUnits(candle.takerBuyQuoteVolume, scale.quoteDecimals),
    firstTradeId: String(candle.firstTradeId),
    lastTradeId: String(candle.lastTradeId),
  };
}
