/** One trade's money: base from seller to buyer, quote from buyer to seller, each side's fee out of what it receives. */
import { FEES } from '../../shared/domain/entities.js';
import type { Trade } from '../../shared/domain/events.js';
import { opposite, type Side } from '../../shared/domain/orders.js';
import { baseOf, quoteOf } from './amounts.js';
import { feeOn } from './fees.js';
import { move } from './ledger.js';
import type { State } from './state.js';
import type { Trader } from './trader.js';

/** Moves the money of `lots` at the maker's price and gives the trade; the orders' fills are the caller's to add. */
export function settle(state: State, taker: number, maker: number, lots: number): Trade {
  const { orders } = state;
  const takerTrader = state.traderOf(taker);
  const makerTrader = state.traderOf(maker);
  const { market } = makerTrader;
  const price = orders.price(maker);
  const buyerIsMaker = orders.side(maker) === 'BUY';
  const baseAmount = baseOf(market, lots);
  const quoteAmount = quoteOf(market, price, lots);
  const tradeId = ++market.lastTradeId;
  market.tracking.touch();
  const trade: Trade = {
    market: market.market,
    tradeId,
    price,
    quantity: lots,
    baseAmount,
    quoteAmount,
    buyerIsMaker,
    takerOrderId: orders.orderId(taker),
    takerAccount: takerTrader.holder.account,
    takerFee: feeOn(buyerIsMaker ? quoteAmount : baseAmount, market.takerFee),
    makerOrderId: orders.orderId(maker),
    makerAccount: makerTrader.holder.account,
    makerFee: feeOn(buyerIsMaker ? baseAmount : quoteAmount, market.makerFee),
  };
  state.emit({ kind: 'TRADE', body: trade });
  pay(state, takerTrader, makerTrader, trade);
  return trade;
}

function pay(state: State, taker: Trader, maker: Trader, trade: Trade): void {
  const { market, tradeId, buyerIsMaker, baseAmount, quoteAmount } = trade;
  const makerSide: Side = buyerIsMaker ? 'BUY' : 'SELL';
  const takerSide = opposite(makerSide);
  const takerPaid = state.funds(taker, takerSide);
  const takerReceived = state.funds(taker, makerSide);
  const makerPaid = state.funds(maker, makerSide);
  const makerReceived = state.funds(maker, takerSide);
  const takersAmount = buyerIsMaker ? baseAmount : quoteAmount;
  const makersAmount = buyerIsMaker ? quoteAmount : baseAmount;

  const cause = { type: 'TRADE', market, tradeId, key: null } as const;
  move(
    state,
    { payer: takerPaid, source: 'available', receiver: makerReceived, amount: takersAmount },
    cause,
  );
  move(state, { payer: makerPaid, source: 'locked', receiver: takerReceived, amount: makersAmount }, cause);
  chargeFee(state, taker, makerSide, trade.takerFee, trade);
  chargeFee(state, maker, takerSide, trade.makerFee, trade);
}

/** Out of what the trader received: what the other side pays with. A fee of nothing moves nothing. */
function chargeFee(state: State, trader: Trader, received: Side, amount: bigint, trade: Trade): void {
  if (amount === 0n) return;
  const { market, tradeId } = trade;
  const payer = state.funds(trader, received);
  const receiver = state.funds(state.trader(FEES, trader.market), received);
  move(state, { payer, source: 'available', receiver, amount }, { type: 'FEE', market, tradeId, key: null });
}
