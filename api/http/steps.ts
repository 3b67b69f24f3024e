/** A client's decimals as the integers of the exchange, or the refusal that says which field does not fit. */
import {
  fromLots,
  fromTicks,
  MAX_AMOUNT,
  type MarketScale,
  toLots,
  toTicks,
  toUnits,
} from '../../shared/domain/units.js';
import { ApiError } from '../errors.js';

/** Ticks, 1 or more; whether the market allows that price is the engine's to say. */
export function ticksOf(price: string, scale: MarketScale, field = 'price'): number {
  const ticks = toTicks(price, scale);
  if (ticks === undefined) {
    throw new ApiError('PRICE_OFF_TICK', `${field}: not a multiple of ${fromTicks(1, scale)}`, field);
  }
  if (ticks === 0 || ticks === Number.POSITIVE_INFINITY) {
    throw new ApiError('PRICE_OUT_OF_RANGE', `${field}: zero or too large`, field);
  }
  return ticks;
}

/** Lots, 1 or more; whether the market allows that quantity is the engine's to say. */
export function lotsOf(quantity: string, scale: MarketScale, field = 'quantity'): number {
  const lots = toLots(quantity, scale);
  if (lots === undefined) {
    throw new ApiError('QUANTITY_OFF_LOT', `${field}: not a multiple of ${fromLots(1, scale)}`, field);
  }
  if (lots === 0 || lots === Number.POSITIVE_INFINITY) {
    throw new ApiError('QUANTITY_OUT_OF_RANGE', `${field}: zero or too large`, field);
  }
  return lots;
}

/** Smallest units, 1 to 2^62 - 1. */
export function amountOf(amount: string, decimals: number, field: string): bigint {
  const units = toUnits(amount, decimals);
  if (units === undefined) {
    throw new ApiError('AMOUNT_OUT_OF_RANGE', `${field}: more than ${decimals} decimals`, field);
  }
  if (units === 0n || units >= MAX_AMOUNT) {
    throw new ApiError('AMOUNT_OUT_OF_RANGE', `${field}: zero or too large`, field);
  }
  return units;
}
