/** One trade's money: base from seller to buyer, quote from buyer to seller, each side's fee out of what it receives. */
import type { Trade } from '../../shared/domain/events.js';
import type { Side } from '../../shared/domain/orders.js';
import { feeOn } from './fees.js';
import { move } from './ledger.js';
import type { OpenOrder } from './open-order.js';
import type { State } from './state.js';

/** Moves the money of `lots` at the maker's price and gives the trade; the orders' fills are the caller's to add. */
export function settle(state: State, taker: OpenOrder, maker: OpenOrder, lots: number): Trade {
  const { market } = maker.trader;
  const price = maker.price!;
  const buyerIsMaker = maker.side === 'BUY';
  const baseAmount = BigInt(lots) * market.lotSize;
  const quoteAmount = BigInt(lots) * BigInt(price) * market.tickLotValue;
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
    takerOrderId: taker.orderId,
    takerAccount: taker.account,
    takerFee: feeOn(buyerIsMaker ? quoteAmount : baseAmount, market.takerFee),
    makerOrderId: maker.orderId,
    makerAccount: maker.account,
    makerFee: feeOn(buyerIsMaker ? baseAmount : quoteAmount, market.makerFee),
  };
  state.emit({ kind: 'TRADE', body: trade });
  pay(state, taker, maker, trade);
  return trade;
}

function pay(state: State, taker: OpenOrder, maker: OpenOrder, trade: Trade): void {
  const { market, tradeId, buyerIsMaker, baseAmount, quoteAmount } = trade;
  const takerPaid = state.funds(taker.trader, taker.side);
  const takerReceived = state.funds(taker.trader, maker.side);
  const makerPaid = state.funds(maker.trader, maker.side);
  const makerReceived = state.funds(maker.trader, taker.side);
  const takersAmount = buyerIsMaker ? baseAmount : quoteAmount;
  const makersAmount = buyerIsMaker ? quoteAmount : baseAmount;

  const cause = { type: 'TRADE', market, tradeId, key: null } as const;
  move(
    state,
    { payer: takerPaid, source: 'available', receiver: makerReceived, amount: takersAmount },
    cause,
  );
  move(state, { payer: makerPaid, source: 'locked', receiver: takerReceived, amount: makersAmount }, cause);
  chargeFee(state, taker, maker.side, trade.takerFee, trade);
  chargeFee(state, maker, taker.side, trade.makerFee, trade);
}

/** Out of what the order received: what the other side pays with. A fee of nothing moves nothing. */
function chargeFee(state: State, { trader }: OpenOrder, received: Side, amount: bigint, trade: Trade): void {
  if (amount === 0n) return;
  const { market, tradeId } = trade;
  const payer = state.funds(trader, received);
  const receiver = state.funds(trader.market.fees, received);
  move(state, { payer, source: 'available', receiver, amount }, { type: 'FEE', market, tradeId, key: null });
}
