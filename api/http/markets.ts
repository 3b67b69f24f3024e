/** What anybody may read: assets, markets, depth, trades, candles. */
import type { z } from 'zod';
import type { Asset } from '../../shared/domain/entities.js';
import {
  fillGaps,
  INTERVALS,
  type Interval,
  isInterval,
  openTime as openTimeOf,
} from '../../shared/domain/klines.js';
import type { KnownMarket } from '../catalog.js';
import { ApiError } from '../errors.js';
import type { History } from '../history.js';
import { ticker } from '../ticker.js';
import { assetForm, candleForm, marketForm } from './forms.js';
import { keptWith } from './kept.js';
import type * as schemas from './schemas.js';
import { knownMarket, type Services } from './services.js';

const marketForms = keptWith((markets: readonly KnownMarket[]) =>
  markets.map(({ market, scale }) => marketForm(market, scale)),
);
const assetForms = keptWith((assets: readonly Asset[]) => assets.map(assetForm));

export function getMarkets({ catalog }: Services) {
  return marketForms(catalog.markets());
}

export function getAssets({ catalog }: Services) {
  return assetForms(catalog.assets());
}

export function getTime() {
  return { time: Date.now() };
}

export function getDepth(services: Services, { market, limit }: z.output<typeof schemas.depth>) {
  knownMarket(services, market);
  const depth = services.marketData.depth(market, limit);
  return depth === undefined ? notReady() : { market, ...depth };
}

export function getTrades(services: Services, { market, limit }: z.output<typeof schemas.publicTrades>) {
  knownMarket(services, market);
  return services.marketData.trades(market, limit);
}

/** Of one market, or of all sorted by name. */
export function getTickers(services: Services, { market: name }: z.output<typeof schemas.ticker>) {
  if (name !== undefined) return tickerOf(services, knownMarket(services, name));
  return services.catalog.markets().map(known => tickerOf(services, known));
}

function tickerOf({ marketData }: Services, { scale }: KnownMarket) {
  const market = marketData.market(scale.market);
  return (market && ticker(market, Date.now())) ?? notReady();
}

/**
 * Candles that open from `startTime` to `endTime`, both included and now at the latest: the oldest `limit` of them, or
 * without `startTime` the newest.
 */
export async function getKlines(services: Services, request: z.output<typeof schemas.klines>) {
  const { market, interval, startTime, endTime, limit, fill } = request;
  const { scale } = knownMarket(services, market);
  if (!isInterval(interval)) {
    throw new ApiError('BAD_INTERVAL', `interval: must be one of ${INTERVALS.join(' ')}`, 'interval');
  }
  const to = Math.min(endTime ?? Number.POSITIVE_INFINITY, Date.now());
  const range = { market, interval, to, limit };
  const candles = fill
    ? await filledCandles(services.history, {
        ...range,
        from: startTime ?? openingsBack(interval, to, limit),
      })
    : await services.history.candles({
        ...range,
        from: startTime ?? Number.MIN_SAFE_INTEGER,
        keep: startTime === undefined ? 'NEWEST' : 'OLDEST',
      });
  return candles.map(candle => candleForm(candle, interval, scale));
}

interface Range {
  market: string;
  interval: Interval;
  from: number;
  to: number;
  limit: number;
}

async function filledCandles(history: History, range: Range) {
  const [candles, previousClose] = await Promise.all([
    history.candles({ ...range, keep: 'OLDEST' }),
    history.closeBefore(range.market, range.interval, range.from),
  ]);
  return fillGaps(range.interval, candles, { ...range, previousClose });
}

/** When the oldest of the `limit` candles up to `time` opens; 0 at the earliest. */
function openingsBack(interval: Interval, time: number, limit: number): number {
  let open = openTimeOf(interval, time);
  for (let count = 1; count < limit && open > 0; count++) open = openTimeOf(interval, open - 1);
  return Math.max(open, 0);
}

function notReady(): never {
  throw new ApiError('SERVER_BUSY', 'the market data is being loaded: try again');
}
