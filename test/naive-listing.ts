/**
 * CREATE_ASSET, CREATE_MARKET and UPDATE_MARKET, as docs/RULES.md has them.
 */
import type { CreateAsset, CreateMarket, UpdateMarket } from '../shared/domain/commands.js';
import type { Market } from '../shared/domain/entities.js';
import { SIDES } from '../shared/domain/orders.js';
import { type Reject, reject } from '../shared/domain/rejects.js';
import { queueOf } from './naive-matching.js';
import { endResting } from './naive-orders.js';
import { assetNamed, marketNamed, type NaiveState } from './naive-state.js';

const MAX_ASSET_DECIMALS = 8;
const MAX_PRICE_DECIMALS = 18;
const MAX_LISTED = 10_000;
const MAX_OPEN_ORDERS = 1_000_000;
const MAX_ENDED = 10_000;
const WHOLE_FEE = 10 ** 8;
const AMOUNT_LIMIT = 2n ** 62n;

export function createAsset(state: NaiveState, { asset, decimals }: CreateAsset): Reject | undefined {
  if (assetNamed(state, asset) !== undefined) return reject('ALREADY_EXISTS');
  if (decimals > MAX_ASSET_DECIMALS) return reject('BAD_FIELD');
  if (state.assets.length >= MAX_LISTED) return reject('LIMIT_EXCEEDED');
  state.assets.push({ asset, decimals, status: 'ACTIVE' });
  state.events.push({ kind: 'ASSET_CREATED', body: { asset } });
  return undefined;
}

export function createMarket(state: NaiveState, wish: CreateMarket): Reject | undefined {
  const base = assetNamed(state, wish.base);
  const quote = assetNamed(state, wish.quote);
  if (marketNamed(state, wish.market) !== undefined) return reject('ALREADY_EXISTS');
  if (base === undefined || quote === undefined) return reject('UNKNOWN_ASSET');
  if (base === quote) return reject('BAD_FIELD');
  const tickLotValue = tickLotValueOf(wish, base.decimals, quote.decimals);
  if (tickLotValue === undefined) return reject('BAD_FIELD');
  if (state.markets.length >= MAX_LISTED) return reject('LIMIT_EXCEEDED');
  const market: Market = { ...wish, tickLotValue, lastTradeId: 0, updateId: 0 };
  if (!limitsGoTogether(market)) return reject('BAD_FIELD');
  state.markets.push(market);
  state.events.push({ kind: 'MARKET_CREATED', body: { market: wish.market } });
  return undefined;
}

export function updateMarket(state: NaiveState, wish: UpdateMarket): Reject | undefined {
  const market = marketNamed(state, wish.market);
  if (market === undefined) return reject('UNKNOWN_MARKET');
  if (market.status === 'DELISTED' && wish.status !== 'DELISTED') return reject('MARKET_NOT_TRADING');
  const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== null));
  if (!limitsGoTogether({ ...market, ...given })) return reject('BAD_FIELD');
  Object.assign(market, given);
  state.events.push({ kind: 'MARKET_UPDATED', body: { market: wish.market } });
  if (market.status === 'DELISTED') endOpenOrders(state, wish.market);
  return undefined;
}

/** Bids before asks, each side in price-time priority. */
function endOpenOrders(state: NaiveState, market: string): void {
  const open = SIDES.flatMap(side => queueOf(state, market, side));
  for (const order of open.slice(0, MAX_ENDED)) endResting(state, order, 'CANCELED');
}

/** Smallest units of quote in one tick times one lot; undefined where the market may not have such steps. */
function tickLotValueOf(wish: CreateMarket, baseDecimals: number, quoteDecimals: number): bigint | undefined {
  const { tickSize, lotSize, priceDecimals } = wish;
  if (tickSize <= 0 || lotSize <= 0n || priceDecimals > MAX_PRICE_DECIMALS) return undefined;
  const dividend = BigInt(tickSize) * lotSize * 10n ** BigInt(quoteDecimals);
  const divisor = 10n ** BigInt(priceDecimals + baseDecimals);
  return dividend % divisor === 0n ? dividend / divisor : undefined;
}

function limitsGoTogether(market: Market): boolean {
  const maxQuantity = BigInt(market.maxQuantity);
  const maxPrice = BigInt(market.maxPrice);
  return [
    market.minQuantity >= 1 && market.minQuantity <= market.maxQuantity,
    market.minPrice >= 1 && market.minPrice <= market.maxPrice,
    market.minNotional >= 0n,
    market.maxOpenOrders >= 1 && market.maxOpenOrders <= MAX_OPEN_ORDERS,
    market.makerFee < WHOLE_FEE && market.takerFee < WHOLE_FEE,
    maxQuantity * market.lotSize < AMOUNT_LIMIT,
    maxPrice * maxQuantity * market.tickLotValue < AMOUNT_LIMIT,
  ].every(Boolean);
}
