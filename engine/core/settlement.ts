/** One trade's money: base from seller to buyer, quote from buyer to seller, each side's fee out of what it receives. */
import type { Trade } from '../../shared/domain/events.js';
import type { HeldBalance } from './account.js';
import { feeOn } from './fees.js';
import { move } from './ledger.js';
import type { OpenOrder } from './open-order.js';
import type { State } from './state.js';

/** Moves the money of `lots` at the maker's price and gives the trade; the orders' fills are the caller's to add. */
export function settle(state: State, taker: OpenOrder, maker: OpenOrder, lots: number): Trade {
  const market = maker.traded;
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
  const { base, quote } = maker.traded;
  const { market, tradeId, buyerIsMaker, baseAmount, quoteAmount } = trade;
  const takerPays = buyerIsMaker ? base : quote;
  const makerPays = buyerIsMaker ? quote : base;
  const takerPaid = state.balance(taker.holder, takerPays);
  const takerReceived = state.balance(taker.holder, makerPays);
  const makerPaid = maker.funds;
  const makerReceived = state.balance(maker.holder, takerPays);

  const cause = { type: 'TRADE', market, tradeId, key: null } as const;
  const takersAmount = buyerIsMaker ? baseAmount : quoteAmount;
  const makersAmount = buyerIsMaker ? quoteAmount : baseAmount;
  move(
    state,
    { payer: takerPaid, source: 'available', receiver: makerReceived, amount: takersAmount },
    cause,
  );
  move(state, { payer: makerPaid, source: 'locked', receiver: takerReceived, amount: makersAmount }, cause);
  chargeFee(state, takerReceived, trade.takerFee, trade);
  chargeFee(state, makerReceived, trade.makerFee, trade);
}

/** A fee of nothing moves nothing. */
function chargeFee(state: State, payer: HeldBalance, amount: bigint, { market, tradeId }: Trade): void {
  if (amount === 0n) return;
  const receiver = state.balance(state.fees, payer.asset);
  move(state, { payer, source: 'available', receiver, amount }, { type: 'FEE', market, tradeId, key: null });
}
