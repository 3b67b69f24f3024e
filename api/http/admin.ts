/** What only an administrator does: list assets and markets, change a market's limits, credit a user. */
import type { z } from 'zod';
import type { CreateMarket } from '../../shared/domain/commands.js';
import type { Market, MarketLimits } from '../../shared/domain/entities.js';
import {
  FEE_DECIMALS,
  MAX_AMOUNT,
  type MarketScale,
  marketScale,
  parseStep,
  tickLotValue,
  toUnits,
} from '../../shared/domain/units.js';
import { ApiError } from '../errors.js';
import type { Caller } from '../tokens.js';
import { assetForm, marketForm } from './forms.js';
import { expectAnswer } from './refusals.js';
import type * as schemas from './schemas.js';
import { knownAsset, knownMarket, type Services } from './services.js';
import { lotsOf, ticksOf } from './steps.js';
import { transfer } from './users.js';

type MarketRequest = z.output<typeof schemas.market>;
type LimitsRequest = z.output<typeof schemas.marketUpdate>;
type Limits = { [K in keyof MarketLimits]: MarketLimits[K] | null };

/** Of ticks and of lots, where the request says nothing and the product allows it. */
const DEFAULT_MAXIMUM = 10n ** 9n;
const ONE = 10n ** BigInt(FEE_DECIMALS);

export async function createAsset(services: Services, body: z.output<typeof schemas.asset>) {
  const answer = await services.engine.ask({ kind: 'CREATE_ASSET', body });
  expectAnswer(answer, 'CATALOG', { name: body.asset }, services.catalog);
  return assetForm(knownAsset(services, body.asset));
}

export async function createMarket(services: Services, request: MarketRequest) {
  const body = toCreateMarket(services, request);
  const answer = await services.engine.ask({ kind: 'CREATE_MARKET', body });
  expectAnswer(answer, 'CATALOG', { name: body.market }, services.catalog);
  const { market, scale } = knownMarket(services, body.market);
  return marketForm(market, scale);
}

export async function updateMarket(services: Services, request: LimitsRequest, _: Caller, name: string) {
  const { scale } = knownMarket(services, name);
  const body = { market: name, ...limitsOf(request, scale) };
  do {
    const answer = await services.engine.ask({ kind: 'UPDATE_MARKET', body });
    expectAnswer(answer, 'CATALOG', { name }, services.catalog);
    // One command ends a bounded number of a delisted market's orders (docs/RULES.md).
  } while (request.status === 'DELISTED' && hasOrders(services, name));
  return marketForm(knownMarket(services, name).market, scale);
}

export async function depositForUser(services: Services, request: z.output<typeof schemas.adminDeposit>) {
  const { userId, ...deposit } = request;
  if ((await services.accounts.find(userId)) === undefined) {
    throw new ApiError('UNKNOWN_USER', 'userId: no such user', 'userId');
  }
  return transfer(services, 'DEPOSIT', deposit, userId);
}

/** As of the engine's last answer. */
function hasOrders({ marketData }: Services, market: string): boolean {
  const depth = marketData.depth(market, 1);
  if (depth === undefined) throw new ApiError('SERVER_BUSY', 'its orders are not known: send it again');
  return depth.bids.length + depth.asks.length > 0;
}

/** The whole market that the request describes, with what it leaves out as schemas.ts says. */
function toCreateMarket(services: Services, request: MarketRequest): CreateMarket {
  const [firstHalf, secondHalf] = request.market.split('_') as [string, string];
  const base = knownAsset(services, request.base ?? firstHalf, 'base');
  const quote = knownAsset(services, request.quote ?? secondHalf, 'quote');
  const decimals = { base: base.decimals, quote: quote.decimals };
  const tick = parseStep(request.tickSize);
  const lotSize = toUnits(request.lotSize, base.decimals);
  if (tick === undefined || tick.units > Number.MAX_SAFE_INTEGER) throw notAStep('tickSize');
  if (lotSize === undefined || lotSize === 0n || lotSize >= MAX_AMOUNT) throw notAStep('lotSize');
  const tickSize = Number(tick.units);
  const value = tickLotValue({ size: tickSize, priceDecimals: tick.decimals }, lotSize, decimals);
  if (value === undefined) {
    const message = `lotSize: one tick times one lot must be a whole number of ${quote.asset}'s smallest units`;
    throw new ApiError('BAD_FIELD', message, 'lotSize');
  }
  const market: Market = {
    market: request.market,
    base: base.asset,
    quote: quote.asset,
    priceDecimals: tick.decimals,
    tickSize,
    lotSize,
    tickLotValue: value,
    minQuantity: 1,
    minPrice: 1,
    ...maxima(undefined, undefined, value),
    minNotional: 0n,
    maxOpenOrders: 1000,
    makerFee: 0,
    takerFee: 0,
    status: 'TRADING',
    lastTradeId: 0,
    updateId: 0,
  };
  const { tickLotValue: _value, lastTradeId: _lastTradeId, updateId: _updateId, ...defaults } = market;
  const limits = limitsOf(request, marketScale(market, decimals));
  return { ...defaults, ...given(limits), ...maxima(limits.maxPrice, limits.maxQuantity, value) };
}

/** Ticks and lots: what is asked for, else the largest power of ten whose product with the other stays under 2^62. */
function maxima(
  price: number | null | undefined,
  quantity: number | null | undefined,
  value: bigint,
): { maxPrice: number; maxQuantity: number } {
  const room = (MAX_AMOUNT - 1n) / value;
  const other = price ?? quantity;
  const otherOf = (power: bigint) => (other == null ? power : BigInt(other));
  let power = 1n;
  while (power < DEFAULT_MAXIMUM && power * 10n * otherOf(power * 10n) <= room) power *= 10n;
  return { maxPrice: price ?? Number(power), maxQuantity: quantity ?? Number(power) };
}

/** Null where the request says nothing. */
function limitsOf(request: LimitsRequest, scale: MarketScale): Limits {
  const { minQuantity, maxQuantity, minPrice, maxPrice, minNotional, makerFee, takerFee } = request;
  return {
    minQuantity: ifGiven(minQuantity, quantity => lotsOf(quantity, scale, 'minQuantity')),
    maxQuantity: ifGiven(maxQuantity, quantity => lotsOf(quantity, scale, 'maxQuantity')),
    minPrice: ifGiven(minPrice, price => ticksOf(price, scale, 'minPrice')),
    maxPrice: ifGiven(maxPrice, price => ticksOf(price, scale, 'maxPrice')),
    minNotional: ifGiven(minNotional, notional => notionalOf(notional, scale)),
    maxOpenOrders: request.maxOpenOrders ?? null,
    makerFee: ifGiven(makerFee, fee => feeOf(fee, 'makerFee')),
    takerFee: ifGiven(takerFee, fee => feeOf(fee, 'takerFee')),
    status: request.status ?? null,
  };
}

function ifGiven<T>(decimal: string | undefined, convert: (decimal: string) => T): T | null {
  return decimal === undefined ? null : convert(decimal);
}

/** Without what is null. */
function given(limits: Limits): Partial<MarketLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== null));
}

function notionalOf(notional: string, scale: MarketScale): bigint {
  const units = toUnits(notional, scale.quoteDecimals);
  if (units === undefined || units >= MAX_AMOUNT) {
    throw new ApiError('AMOUNT_OUT_OF_RANGE', `minNotional: no amount of ${scale.quote}`, 'minNotional');
  }
  return units;
}

function feeOf(fee: string, field: string): number {
  const rate = toUnits(fee, FEE_DECIMALS);
  if (rate === undefined || rate >= ONE) {
    throw new ApiError(
      'BAD_FIELD',
      `${field}: must be below 1, with at most ${FEE_DECIMALS} decimals`,
      field,
    );
  }
  return Number(rate);
}

function notAStep(field: string): ApiError {
  return new ApiError('BAD_FIELD', `${field}: zero, too large or too fine`, field);
}
