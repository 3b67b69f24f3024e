/** What the exchange said, in the words of a session's script. */
import type { Answer, Level } from '../shared/domain/answers.js';
import type { Market, Order } from '../shared/domain/entities.js';
import type { Event, Events, LedgerEntry, Trade } from '../shared/domain/events.js';
import type { Reject } from '../shared/domain/rejects.js';
import {
  averagePrice,
  FEE_DECIMALS,
  fromLots,
  fromTicks,
  fromUnits,
  type MarketScale,
} from '../shared/domain/units.js';
import { unpadded, type Words } from './script-words.js';

/** `WOULD_TAKE`, `INSUFFICIENT_BALANCE needs 500 USDT of 12.5`. */
export function rejectText({ code, asset, needed, available }: Reject, words: Words): string {
  if (asset === null || needed === null || available === null) return code;
  return `${code} needs ${words.decimal(needed, asset)} ${asset} of ${words.decimal(available, asset)}`;
}

/** What a command did to orders, one by one; the order of the command itself comes last and needs no name. */
export function ordersText(events: readonly Event[], answer: Answer, words: Words): string {
  const own = answer.kind === 'ORDER' ? answer.order : undefined;
  const parts = events.flatMap(event => {
    if (event.kind === 'TRADE') return [tradeText(event.body, words)];
    if (event.kind !== 'ORDER_ENDED' || event.body.orderId === own?.orderId) return [];
    return [`${words.orderName(event.body.orderId)} ${endText(event.body, words)}`];
  });
  if (own !== undefined && own.status !== 'FILLED') parts.push(statusText(own, events, words));
  return parts.join(', ');
}

/** The status, and how much an order that ended left unfilled. */
function statusText(order: Order, events: readonly Event[], words: Words): string {
  const end = events.find(({ kind, body }) => kind === 'ORDER_ENDED' && body.orderId === order.orderId);
  return end?.kind === 'ORDER_ENDED' ? endText(end.body, words) : order.status;
}

function endText({ status, remaining, market }: Events['ORDER_ENDED'], words: Words): string {
  return remaining === null ? status : `${status} remaining ${lotsText(remaining, words.scale(market))}`;
}

/** `trade <maker> <taker> <quantity> @ <price>`, and the fees that are not zero. */
function tradeText(trade: Trade, words: Words): string {
  const scale = words.scale(trade.market);
  const makerAsset = trade.buyerIsMaker ? scale.base : scale.quote;
  const takerAsset = trade.buyerIsMaker ? scale.quote : scale.base;
  const orders = `${words.orderName(trade.makerOrderId)} ${words.orderName(trade.takerOrderId)}`;
  const fee = (name: string, amount: bigint, asset: string) =>
    amount === 0n ? '' : ` ${name} fee ${words.decimal(amount, asset)} ${asset}`;
  return (
    `trade ${orders} ${levelText([trade.price, trade.quantity], scale)}` +
    fee('maker', trade.makerFee, makerAsset) +
    fee('taker', trade.takerFee, takerAsset)
  );
}

/** `BUY 2 @ 100 PARTIALLY_FILLED filled 1 for 90 average 90`. */
export function orderText(order: Order, words: Words): string {
  const scale = words.scale(order.market);
  const quantity =
    order.quantity === null
      ? `${words.decimal(order.quoteQuantity ?? 0n, scale.quote)} ${scale.quote}`
      : lotsText(order.quantity, scale);
  const price = order.price === null ? 'market' : unpadded(fromTicks(order.price, scale));
  const average = averagePrice(order.filledQuantity, order.filledQuote, scale);
  const filled =
    average === null
      ? ''
      : ` filled ${lotsText(order.filledQuantity, scale)} for ${words.decimal(order.filledQuote, scale.quote)}` +
        ` average ${unpadded(average)}`;
  return `${order.side} ${quantity} @ ${price} ${order.status}${filled}`;
}

/** `buyer USDT -100 TRADE BTC_USDT:1 after 900`. */
export function ledgerText(entry: LedgerEntry, words: Words): string {
  const { account, asset, amount, type, reference, balanceAfter } = entry;
  const change = words.decimal(amount, asset);
  const why = reference === null ? type : `${type} ${reference}`;
  return `${words.user(account)} ${asset} ${change} ${why} after ${words.decimal(balanceAfter, asset)}`;
}

/** `bid 2 @ 99, ask 1 @ 100`, best first. */
export function depthText(bids: readonly Level[], asks: readonly Level[], scale: MarketScale): string {
  const levels = [
    ...bids.map(level => `bid ${levelText(level, scale)}`),
    ...asks.map(level => `ask ${levelText(level, scale)}`),
  ];
  return levels.length === 0 ? 'empty' : levels.join(', ');
}

/** A field of a market in the form in which a script gives it. */
export function marketFieldText(market: Market, field: string, scale: MarketScale): string {
  switch (field) {
    case 'minQuantity':
    case 'maxQuantity':
      return lotsText(market[field], scale);
    case 'minPrice':
    case 'maxPrice':
      return unpadded(fromTicks(market[field], scale));
    case 'minNotional':
      return unpadded(fromUnits(market.minNotional, scale.quoteDecimals));
    case 'makerFee':
    case 'takerFee':
      return unpadded(fromUnits(market[field], FEE_DECIMALS));
    case 'maxOpenOrders':
    case 'lastTradeId':
    case 'updateId':
    case 'status':
    case 'base':
    case 'quote':
      return String(market[field]);
    default:
      throw new Error(`a market has no ${field}`);
  }
}

function levelText([price, quantity]: Level, scale: MarketScale): string {
  return `${lotsText(quantity, scale)} @ ${unpadded(fromTicks(price, scale))}`;
}

function lotsText(lots: number, scale: MarketScale): string {
  return unpadded(fromLots(lots, scale));
}
