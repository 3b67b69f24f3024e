/** Assets and markets: creating them, and changing what of a market may change. */
import type { Answer } from '../../shared/domain/answers.js';
import type { CreateAsset, CreateMarket, UpdateMarket } from '../../shared/domain/commands.js';
import type { Market, MarketLimits } from '../../shared/domain/entities.js';
import { type Reject, reject } from '../../shared/domain/rejects.js';
import { FEE_SCALE, MAX_AMOUNT, MAX_ASSET_DECIMALS, tickLotValue } from '../../shared/domain/units.js';
import { NONE } from './order-slots.js';
import { refuse } from './refuse.js';
import type { State } from './state.js';
import type { TradedMarket } from './traded-market.js';
import { endResting } from './trading.js';

const MAX_ASSETS = 10_000;
const MAX_MARKETS = 10_000;
const MAX_PRICE_DECIMALS = 18;
const MAX_OPEN_ORDERS = 1_000_000;
/** Orders that one command ends at most in a market that it delists: some megabytes of the journal. */
export const MAX_DELISTED_ORDERS = 10_000;

export function createAsset(state: State, { asset, decimals }: CreateAsset): Answer {
  const problem = checkAsset(state, { asset, decimals });
  if (problem !== null) return refuse(state, problem);

  // After this point the command must succeed.
  state.addAsset({ asset, decimals, status: 'ACTIVE' });
  state.emit({ kind: 'ASSET_CREATED', body: { asset } });
  return { kind: 'CATALOG', assets: [state.assets.get(asset)!], markets: [] };
}

function checkAsset(state: State, { asset, decimals }: CreateAsset): Reject | null {
  if (state.assets.has(asset)) return reject('ALREADY_EXISTS');
  if (decimals > MAX_ASSET_DECIMALS) return reject('BAD_FIELD');
  return state.assets.size >= MAX_ASSETS ? reject('LIMIT_EXCEEDED') : null;
}

export function createMarket(state: State, body: CreateMarket): Answer {
  const value = wholeTickLotValue(state, body);
  const problem = checkMarket(state, body, value);
  if (problem !== null) return refuse(state, problem);

  // After this point the command must succeed.
  state.addMarket({ ...body, tickLotValue: value!, lastTradeId: 0, updateId: 0 });
  state.emit({ kind: 'MARKET_CREATED', body: { market: body.market } });
  return { kind: 'CATALOG', assets: [], markets: [state.markets.get(body.market)!] };
}

function checkMarket(state: State, body: CreateMarket, value: bigint | undefined): Reject | null {
  if (state.markets.has(body.market)) return reject('ALREADY_EXISTS');
  if (!state.assets.has(body.base) || !state.assets.has(body.quote)) return reject('UNKNOWN_ASSET');
  if (body.base === body.quote || value === undefined) return reject('BAD_FIELD');
  if (state.markets.size >= MAX_MARKETS) return reject('LIMIT_EXCEEDED');
  return checkLimits(body, { lotSize: body.lotSize, tickLotValue: value });
}

/** Smallest units of quote in one tick times one lot; undefined where the two assets, tick and lot allow no whole one. */
function wholeTickLotValue(state: State, body: CreateMarket): bigint | undefined {
  const base = state.assets.get(body.base);
  const quote = state.assets.get(body.quote);
  if (base === undefined || quote === undefined || body.priceDecimals > MAX_PRICE_DECIMALS) return undefined;
  if (body.tickSize === 0 || body.lotSize <= 0n) return undefined;
  const tick = { size: body.tickSize, priceDecimals: body.priceDecimals };
  return tickLotValue(tick, body.lotSize, { base: base.decimals, quote: quote.decimals });
}

export function updateMarket(state: State, body: UpdateMarket): Answer {
  const market = state.markets.get(body.market);
  if (market === undefined) return refuse(state, reject('UNKNOWN_MARKET'));
  if (market.status === 'DELISTED' && body.status !== 'DELISTED')
    return refuse(state, reject('MARKET_NOT_TRADING'));
  const limits: MarketLimits = {
    minQuantity: body.minQuantity ?? market.minQuantity,
    maxQuantity: body.maxQuantity ?? market.maxQuantity,
    minPrice: body.minPrice ?? market.minPrice,
    maxPrice: body.maxPrice ?? market.maxPrice,
    minNotional: body.minNotional ?? market.minNotional,
    maxOpenOrders: body.maxOpenOrders ?? market.maxOpenOrders,
    makerFee: body.makerFee ?? market.makerFee,
    takerFee: body.takerFee ?? market.takerFee,
    status: body.status ?? market.status,
  };
  const problem = checkLimits(limits, market);
  if (problem !== null) return refuse(state, problem);

  // After this point the command must succeed.
  Object.assign(market, limits);
  market.tracking.touch();
  state.emit({ kind: 'MARKET_UPDATED', body: { market: market.market } });
  if (market.status === 'DELISTED') endOrders(state, market);
  return { kind: 'CATALOG', assets: [], markets: [market] };
}

function endOrders(state: State, market: TradedMarket): void {
  for (let ended = 0; ended < MAX_DELISTED_ORDERS; ended++) {
    const slot = market.book.first();
    if (slot === NONE) return;
    endResting(state, state.orders.take(slot), 'CANCELED');
  }
}

/** The largest order stays under 2^62 units of base and of quote, so that none overflows (D7). */
function checkLimits(
  limits: MarketLimits,
  { lotSize, tickLotValue }: Pick<Market, 'lotSize' | 'tickLotValue'>,
): Reject | null {
  const { minQuantity, maxQuantity, minPrice, maxPrice, minNotional, maxOpenOrders, makerFee, takerFee } =
    limits;
  const ordered = minQuantity >= 1 && minQuantity <= maxQuantity && minPrice >= 1 && minPrice <= maxPrice;
  const base = BigInt(maxQuantity) * lotSize;
  const quote = BigInt(maxPrice) * BigInt(maxQuantity) * tickLotValue;
  const bounded = base < MAX_AMOUNT && quote < MAX_AMOUNT && maxOpenOrders <= MAX_OPEN_ORDERS;
  const fees = makerFee < FEE_SCALE && takerFee < FEE_SCALE;
  return ordered && bounded && fees && minNotional >= 0n && maxOpenOrders >= 1 ? null : reject('BAD_FIELD');
}
