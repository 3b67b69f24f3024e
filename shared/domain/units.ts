/**
 * Decimals at the edge, integers inside: the one file that turns one into the other (D7), and the only one that
 * imports decimal.js. Nothing here rounds silently: what does not fit a step is `undefined`.
 */
import { Decimal } from 'decimal.js';
import type { Market } from './entities.js';

/** Form of every decimal on the wire: no sign, no exponent. decimal.js alone would also take `1e3` and `0x10`. */
export const DECIMAL_PATTERN = /^\d{1,20}(\.\d{1,18})?$/;

/** An asset of 8 decimals can have 46 billion in all (`MAX_AMOUNT`); finer ones would leave too little room. */
export const MAX_ASSET_DECIMALS = 8;
/** Fees are counted in 10^-8 of what is received. */
export const FEE_DECIMALS = 8;
export const FEE_SCALE = 10 ** FEE_DECIMALS;
/** What an asset's total and `maxPrice * maxQuantity` stay under, in smallest units, so that no sum overflows 64 bits. */
export const MAX_AMOUNT = 2n ** 62n;

/**
 * A decimal of the wire's form in smallest units of 10^-decimals; `undefined` where it is finer than that.
 * @param decimals 0 to 18
 */
export function toUnits(decimal: string, decimals: number): bigint | undefined {
  const point = decimal.indexOf('.');
  const whole = point < 0 ? decimal : decimal.slice(0, point);
  const fraction = point < 0 ? '' : decimal.slice(point + 1).replace(/0+$/, '');
  if (fraction.length > decimals) return undefined;
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}

/** Smallest units of 10^-decimals as a decimal with exactly that many digits after the point; signed. */
export function fromUnits(units: bigint | number, decimals: number): string {
  const negative = units < 0;
  const digits = (negative ? -units : units).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const text = decimals === 0 ? whole : `${whole}.${digits.slice(digits.length - decimals)}`;
  return negative ? `-${text}` : text;
}

/**
 * A decimal as a number of steps; `undefined` where it is no whole number of them, `Infinity` from 2^53 on.
 * @param step in units of 10^-decimals
 */
function toSteps(decimal: string, step: bigint, decimals: number): number | undefined {
  const units = toUnits(decimal, decimals);
  if (units === undefined || units % step !== 0n) return undefined;
  const steps = units / step;
  return steps > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(steps);
}

/** How a market's numbers are written: derived from the parts of it that never change. */
export interface MarketScale {
  readonly market: string;
  readonly base: string;
  readonly quote: string;
  readonly priceDecimals: number;
  readonly tickSize: bigint;
  readonly quantityDecimals: number;
  /** Of a lot, in 10^-quantityDecimals. */
  readonly lotStep: bigint;
  readonly baseDecimals: number;
  readonly quoteDecimals: number;
  readonly lotSize: bigint;
  readonly tickLotValue: bigint;
}

/** @param decimals of the two assets */
export function marketScale(market: Market, decimals: { base: number; quote: number }): MarketScale {
  const quantityDecimals = significantDecimals(market.lotSize, decimals.base);
  return {
    market: market.market,
    base: market.base,
    quote: market.quote,
    priceDecimals: market.priceDecimals,
    tickSize: BigInt(market.tickSize),
    quantityDecimals,
    lotStep: market.lotSize / 10n ** BigInt(decimals.base - quantityDecimals),
    baseDecimals: decimals.base,
    quoteDecimals: decimals.quote,
    lotSize: market.lotSize,
    tickLotValue: market.tickLotValue,
  };
}

/** Digits after the point that `units` of 10^-decimals need. */
function significantDecimals(units: bigint, decimals: number): number {
  let needed = decimals;
  for (let rest = units; needed > 0 && rest % 10n === 0n; rest /= 10n) needed--;
  return needed;
}

/** Ticks of a price; `undefined` off tick, `Infinity` from 2^53 on. */
export function toTicks(price: string, scale: MarketScale): number | undefined {
  return toSteps(price, scale.tickSize, scale.priceDecimals);
}

/** Lots of a quantity; `undefined` off lot, `Infinity` from 2^53 on. */
export function toLots(quantity: string, scale: MarketScale): number | undefined {
  return toSteps(quantity, scale.lotStep, scale.quantityDecimals);
}

export function fromTicks(ticks: number, scale: MarketScale): string {
  return fromSteps(ticks, scale.tickSize, scale.priceDecimals);
}

export function fromLots(lots: number, scale: MarketScale): string {
  return fromSteps(lots, scale.lotStep, scale.quantityDecimals);
}

/** Steps of one unit, the usual ones, need no multiplication in bigints. */
function fromSteps(steps: number, step: bigint, decimals: number): string {
  return fromUnits(step === 1n ? steps : BigInt(steps) * step, decimals);
}

/** What was paid per base, rounded to the tick, half to even; null without fills. */
export function averagePrice(filledLots: number, filledQuote: bigint, scale: MarketScale): string | null {
  if (filledLots === 0) return null;
  const valueOfTick = scale.tickLotValue * BigInt(filledLots);
  const ticks = filledQuote / valueOfTick;
  const twiceTheRest = (filledQuote % valueOfTick) * 2n;
  const up = twiceTheRest > valueOfTick || (twiceTheRest === valueOfTick && ticks % 2n === 1n);
  return fromTicks(Number(up ? ticks + 1n : ticks), scale);
}

/** A step such as "0.01" as an integer and the digits after its point: `{ units: 1n, decimals: 2 }`; zero is `undefined`. */
export function parseStep(step: string): { units: bigint; decimals: number } | undefined {
  const value = new Decimal(step);
  if (value.isZero()) return undefined;
  const decimals = value.decimalPlaces();
  const units = toUnits(step, decimals);
  return units === undefined ? undefined : { units, decimals };
}

/**
 * Smallest units of quote in one tick times one lot; `undefined` where that is no whole number, which no market may be
 * (D7).
 * @param tickSize in 10^-priceDecimals of quote per base
 * @param lotSize in smallest units of base
 */
export function tickLotValue(
  tick: { size: number; priceDecimals: number },
  lotSize: bigint,
  decimals: { base: number; quote: number },
): bigint | undefined {
  const numerator = BigInt(tick.size) * lotSize * 10n ** BigInt(decimals.quote);
  const denominator = 10n ** BigInt(tick.priceDecimals + decimals.base);
  return numerator % denominator === 0n ? numerator / denominator : undefined;
}
