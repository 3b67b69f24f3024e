/** One trade's money: base from seller to buyer, quote from buyer to seller, each side's fee out of what it receives. */
import { FEES } from '../../shared/domain/entities.js';
import type { SettledTrade, Trade } from '../../shared/domain/events.js';
import { opposite, type Side } from '../../shared/domain/orders.js';
import type { ActiveOrder } from './active-orders.js';
import { baseOf, quoteOf } from './amounts.js';
import { feeOn } from './fees.js';
import type { State } from './state.js';

/** Moves the money of `lots` at the maker's price and gives the trade; the orders' fills are the caller's to add. */
export function settle(state: State, taker: ActiveOrder, maker: ActiveOrder, lots: number): Trade {
  const { market } = maker;
  const { side: makerSide, price } = maker.order;
  const takerSide = opposite(makerSide);
  const buyerIsMaker = makerSide === 'BUY';
  const baseAmount = baseOf(market, lots);
  const quoteAmount = quoteOf(market, price!, lots);
  const takersAmount = buyerIsMaker ? baseAmount : quoteAmount;
  const makersAmount = buyerIsMaker ? quoteAmount : baseAmount;
  const takerFee = feeOn(makersAmount, market.takerFee);
  const makerFee = feeOn(takersAmount, market.makerFee);
  const tradeId = ++market.lastTradeId;
  market.tracking.touch();

  const { ledger, reports } = state;
  const takersHolder = taker.holder;
  const makersHolder = maker.holder;
  const takerPays = state.funds(taker.trader, takerSide);
  const takerReceives = state.funds(taker.trader, makerSide);
  const makerPays = state.funds(maker.trader, makerSide);
  const makerReceives = state.funds(maker.trader, takerSide);
  ledger.take(takerPays, takersAmount);
  reports.balance(takersHolder, takerPays, -takersAmount, 'TRADE');
  const takerPaidAfter = ledger.total(takerPays);
  ledger.give(makerReceives, takersAmount);
  reports.balance(makersHolder, makerReceives, takersAmount, 'TRADE');
  const makerReceivedAfter = ledger.total(makerReceives);
  ledger.takeLocked(makerPays, makersAmount);
  reports.balance(makersHolder, makerPays, -makersAmount, 'TRADE');
  const makerPaidAfter = ledger.total(makerPays);
  ledger.give(takerReceives, makersAmount);
  reports.balance(takersHolder, takerReceives, makersAmount, 'TRADE');
  const takerReceivedAfter = ledger.total(takerReceives);
  const takerFeeAfter = chargeFee(state, taker, makerSide, takerFee);
  const makerFeeAfter = chargeFee(state, maker, takerSide, makerFee);
  const movements = 2 + (takerFeeAfter === null ? 0 : 1) + (makerFeeAfter === null ? 0 : 1);
  const trade: SettledTrade = {
    market: market.market,
    tradeId,
    price: price!,
    quantity: lots,
    baseAmount,
    quoteAmount,
    buyerIsMaker,
    takerOrderId: taker.order.orderId,
    takerAccount: taker.order.account,
    takerFee,
    makerOrderId: maker.order.orderId,
    makerAccount: maker.order.account,
    makerFee,
    base: market.base,
    quote: market.quote,
    ledgerId: state.takeLedgerIds(2 * movements),
    takerPaidAfter,
    makerReceivedAfter,
    makerPaidAfter,
    takerReceivedAfter,
    takerFeeAfter,
    makerFeeAfter,
  };
  state.emit({ kind: 'TRADE', body: trade });
  return trade;
}

/**
 * Gives what the account of the fees has then; null for a fee of nothing, which moves nothing.
 * @param side that pays with what the fee is in
 */
function chargeFee(
  state: State,
  { trader, holder, market }: ActiveOrder,
  side: Side,
  fee: bigint,
): bigint | null {
  if (fee === 0n) return null;
  const { ledger, reports } = state;
  const payer = state.funds(trader, side);
  const fees = state.funds(state.traders.open(FEES, market), side);
  ledger.take(payer, fee);
  reports.balance(holder, payer, -fee, 'FEE');
  ledger.give(fees, fee);
  return ledger.total(fees);
}
