/** One trade's money: base from seller to buyer, quote from buyer to seller, each side's fee out of what it receives. */
import type { Trade } from '../../shared/domain/events.js';
import { feeOn } from './fees.js';
import { chargeFee, move } from './ledger.js';
import type { OpenOrder, State, TradedMarket } from './state.js';

/** Moves the money of `lots` at the maker's price and gives the trade; the orders' fills are the caller's to add. */
export function settle(
  state: State,
  market: TradedMarket,
  taker: OpenOrder,
  maker: OpenOrder,
  lots: number,
): Trade {
  const buyerIsMaker = maker.side === 'BUY';
  const price = maker.price!;
  const baseAmount = BigInt(lots) * market.lotSize;
  const quoteAmount = BigInt(lots) * BigInt(price) * market.tickLotValue;
  const tradeId = ++market.lastTradeId;
  state.changes.touch(market.tracking);
  const trade: Trade = {
    market: market.market,
    tradeId,
    price,
    quantity: lots,
    baseAmount,
    quoteAmount,
    buyerIsMaker,
    takerOrderId: taker.orderId,
    takerAccount: taker.account,
    takerFee: feeOn(buyerIsMaker ? quoteAmount : baseAmount, market.takerFee),
    makerOrderId: maker.orderId,
    makerAccount: maker.account,
    makerFee: feeOn(buyerIsMaker ? baseAmount : quoteAmount, market.makerFee),
  };
  state.emit({ kind: 'TRADE', body: trade });
  pay(state, market, trade);
  return trade;
}

function pay(state: State, { base, quote }: TradedMarket, trade: Trade): void {
  const { market, tradeId, takerAccount: taker, makerAccount: maker } = trade;
  const cause = { type: 'TRADE', market, tradeId, key: null } as const;
  const bases = { ...cause, asset: base, amount: trade.baseAmount };
  const quotes = { ...cause, asset: quote, amount: trade.quoteAmount };
  const [takerPays, makerPays] = trade.buyerIsMaker ? [bases, quotes] : [quotes, bases];
  move(state, taker, 'available', maker, takerPays);
  move(state, maker, 'locked', taker, makerPays);
  chargeFee(state, taker, { ...makerPays, amount: trade.takerFee });
  chargeFee(state, maker, { ...takerPays, amount: trade.makerFee });
}
