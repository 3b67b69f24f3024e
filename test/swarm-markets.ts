/**
 * The assets and markets of random sessions: odd fees, ticks and lots, so that rounding is met, and either limits that
 * a few orders reach or numbers whose products come near 2^62.
 */
import fc from 'fast-check';
import type { Command, CreateMarket } from '../shared/domain/commands.js';

export type Terms = CreateMarket;

export const ASSETS = ['AAA', 'BBB', 'CCC'] as const;
/** Names of markets that are not there at first. By name, one comes before and one between those that are. */
export const NEW_MARKETS = ['AAA_BBB', 'BBB_CCC'] as const;

const MAX_INTEGER = Number.MAX_SAFE_INTEGER;

/** By name, the second comes first; it has for quote what the first has for base. */
const NAMES = [
  { market: 'CCC_X', base: 'AAA', quote: 'CCC' },
  { market: 'BBB_AAA', base: 'BBB', quote: 'AAA' },
] as const;

export function assetsOf(isLarge: boolean): Command[] {
  const decimals = isLarge ? [0, 8, 0] : [2, 2, 2];
  return ASSETS.map((asset, index) => ({
    kind: 'CREATE_ASSET',
    body: { asset, decimals: decimals[index]! },
  }));
}

/** Terms of the two markets. */
export function termsOf(isLarge: boolean): fc.Arbitrary<Terms[]> {
  const [first, second] = isLarge
    ? [fc.constantFrom(...LARGE), fc.constantFrom(...LARGE_OF_8)]
    : [SMALL, SMALL];
  return fc.tuple(first!, second!, fees, fees).map(([first, second, ...fees]) => [
    { ...first, ...fees[0]!, ...NAMES[0], status: 'TRADING' },
    { ...second, ...fees[1]!, ...NAMES[1], status: 'TRADING' },
  ]);
}

const fee = fc.constantFrom(0, 1_000_000, 12_345_678, 33_333_333, 99_999_999);
const fees = fc.record({ makerFee: fee, takerFee: fee });

type Sizes = Omit<Terms, 'market' | 'base' | 'quote' | 'makerFee' | 'takerFee' | 'status'>;

/** With assets of 2 decimals, a tick times a lot is 1, 1, 3, 7 or 15 units of quote. */
const steps = fc.constantFrom(
  { tickSize: 1, lotSize: 100n },
  { tickSize: 2, lotSize: 50n },
  { tickSize: 1, lotSize: 300n },
  { tickSize: 7, lotSize: 100n },
  { tickSize: 5, lotSize: 300n },
);

const SMALL: fc.Arbitrary<Sizes> = fc
  .record({
    steps,
    minQuantity: fc.integer({ min: 1, max: 2 }),
    maxQuantity: fc.integer({ min: 4, max: 15 }),
    minPrice: fc.integer({ min: 1, max: 2 }),
    maxPrice: fc.integer({ min: 4, max: 10 }),
    minNotional: fc.constantFrom(0n, 1n, 10n, 30n),
    maxOpenOrders: fc.constantFrom(2, 6, 100),
  })
  .map(({ steps, ...limits }) => ({ ...limits, ...steps, priceDecimals: 2 }));

const LARGEST: Sizes = {
  priceDecimals: 0,
  tickSize: 1,
  lotSize: 1n,
  minQuantity: 1,
  maxQuantity: MAX_INTEGER,
  minPrice: 1,
  maxPrice: 511,
  minNotional: 0n,
  maxOpenOrders: 100,
};

/** Base and quote without decimals. */
const LARGE: readonly Sizes[] = [
  LARGEST,
  { ...LARGEST, maxQuantity: 511, maxPrice: MAX_INTEGER },
  { ...LARGEST, maxQuantity: 2 ** 31 - 1, maxPrice: 2 ** 31 },
  { ...LARGEST, maxQuantity: 3, maxPrice: 1, lotSize: 2n ** 60n },
  { ...LARGEST, maxQuantity: 5, maxPrice: 7, lotSize: 2n ** 56n - 1n },
];

/** A base of 8 decimals, a quote without. */
const LARGE_OF_8: readonly Sizes[] = [
  { ...LARGEST, lotSize: 10n ** 8n, maxQuantity: 4 * 10 ** 10, maxPrice: 115_000_000 },
  { ...LARGEST, lotSize: 10n ** 8n, tickSize: 7, maxQuantity: 511, maxPrice: 10 ** 15 },
];

const ONE_OF_ALL = { minQuantity: 1, maxQuantity: 1, minPrice: 1, maxPrice: 1 };
/** Two lots are 2^62 of base, a tick times a lot far less of quote. */
const MOST_BASE = { priceDecimals: 18, tickSize: 5 ** 18, lotSize: 2n ** 61n, ...ONE_OF_ALL };
/** Two ticks times two lots are 2^62 of quote, the lots far less of base. */
const MOST_QUOTE = { priceDecimals: 0, tickSize: 2 ** 40, lotSize: 2n ** 20n, ...ONE_OF_ALL, maxQuantity: 2 };

/** What does not go together, and some that just do. */
export const badTerms: fc.Arbitrary<Partial<Terms>> = fc.constantFrom<Partial<Terms>[]>(
  { minQuantity: 0 },
  { minQuantity: 100 },
  { maxQuantity: 0 },
  { minPrice: 0 },
  { minPrice: 100 },
  { maxPrice: 0 },
  { minNotional: -1n },
  { maxOpenOrders: 0 },
  { maxOpenOrders: 1_000_000 },
  { maxOpenOrders: 1_000_001 },
  { makerFee: 99_999_999 },
  { makerFee: 100_000_000 },
  { takerFee: 100_000_000 },
  { tickSize: 0 },
  { tickSize: MAX_INTEGER },
  { lotSize: 0n },
  { lotSize: -100n },
  { lotSize: 1n },
  { priceDecimals: 18 },
  { priceDecimals: 18, tickSize: 10 ** 15, lotSize: 100_000n },
  { priceDecimals: 19, tickSize: 10 ** 15, lotSize: 1_000_000n },
  { maxQuantity: MAX_INTEGER },
  { maxPrice: MAX_INTEGER },
  { maxQuantity: MAX_INTEGER, maxPrice: MAX_INTEGER },
  { ...MOST_BASE, maxQuantity: 2 },
  { ...MOST_BASE, maxQuantity: 1 },
  { ...MOST_QUOTE, maxPrice: 2 },
  { ...MOST_QUOTE, maxPrice: 1 },
);
