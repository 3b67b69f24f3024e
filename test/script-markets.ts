/** Markets in a session's script: their limits as `<field> <value>` pairs, and what a new one has unless it says so. */
import type { CreateMarket, UpdateMarket } from '../shared/domain/commands.js';
import type { Market, MarketLimits, MarketStatus } from '../shared/domain/entities.js';
import {
  FEE_DECIMALS,
  type MarketScale,
  parseStep,
  toLots,
  toTicks,
  toUnits,
} from '../shared/domain/units.js';
import type { Words } from './script-words.js';

export const NO_CHANGE: Omit<UpdateMarket, 'market'> = {
  minQuantity: null,
  maxQuantity: null,
  minPrice: null,
  maxPrice: null,
  minNotional: null,
  maxOpenOrders: null,
  makerFee: null,
  takerFee: null,
  status: null,
};

const A_MARKET_LIMITS: MarketLimits = {
  minQuantity: 1,
  maxQuantity: 1_000_000,
  minPrice: 1,
  maxPrice: 1_000_000,
  minNotional: 1n,
  maxOpenOrders: 100,
  makerFee: 0,
  takerFee: 0,
  status: 'TRADING',
};

/** The market of `<tick> <lot> <field> <value>…`. */
export function newMarket(market: string, [tick, lot, ...fields]: string[], words: Words): CreateMarket {
  const [base, quote] = market.split('_');
  const step = parseStep(tick!)!;
  const created: CreateMarket = {
    ...A_MARKET_LIMITS,
    market,
    base: base!,
    quote: quote!,
    priceDecimals: step.decimals,
    tickSize: Number(step.units),
    lotSize: words.units(lot!, base!),
  };
  const listed: Market = { ...created, tickLotValue: 1n, lastTradeId: 0, updateId: 0 };
  return { ...created, ...limitsOf(fields, words.scaleOf(listed)) };
}

/** Limits of a market, from `<field> <value>` pairs. */
export function limitsOf(words: readonly string[], scale: MarketScale): Partial<MarketLimits> {
  const limits: Partial<MarketLimits> = {};
  for (let index = 0; index < words.length; index += 2) {
    const [field, value] = [words[index]!, words[index + 1]!];
    switch (field) {
      case 'minQuantity':
      case 'maxQuantity':
        limits[field] = toLots(value, scale)!;
        break;
      case 'minPrice':
      case 'maxPrice':
        limits[field] = toTicks(value, scale)!;
        break;
      case 'minNotional':
        limits[field] = toUnits(value, scale.quoteDecimals)!;
        break;
      case 'maxOpenOrders':
        limits[field] = Number(value);
        break;
      case 'makerFee':
      case 'takerFee':
        limits[field] = Number(toUnits(value, FEE_DECIMALS));
        break;
      case 'status':
        limits[field] = value as MarketStatus;
        break;
      default:
        throw new Error(`a market has no ${field}`);
    }
  }
  return limits;
}
