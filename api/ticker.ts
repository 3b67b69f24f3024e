/** What a market did in the last 24 hours, by minute, and its best prices now. */
import type { Level } from '../shared/domain/answers.js';
import type { Candle } from '../shared/domain/klines.js';
import { dayOpenTime } from '../shared/domain/live-candles.js';
import { fromLots, fromTicks, fromUnits, type MarketScale } from '../shared/domain/units.js';
import type { LiveMarket } from './live-market.js';

const PERCENT_DECIMALS = 2;

/**
 * Prices are the last one where nothing traded in these hours, and null where nothing ever has, as the best price of an
 * empty side is. `undefined` while it is not known.
 * @param now milliseconds since the epoch
 */
export function ticker(market: LiveMarket, now: number) {
  const { scale, depth, candles, ready } = market;
  if (!ready || candles.live === undefined) return undefined;
  const day = candles.live.day(now);
  const [bid, bidQuantity] = decimalLevel(depth.best('bids'), scale);
  const [ask, askQuantity] = decimalLevel(depth.best('asks'), scale);
  return {
    market: scale.market,
    open: price(day?.open, scale),
    high: price(day?.high, scale),
    low: price(day?.low, scale),
    last: price(day?.close, scale),
    volume: fromUnits(day?.volume ?? 0n, scale.baseDecimals),
    quoteVolume: fromUnits(day?.quoteVolume ?? 0n, scale.quoteDecimals),
    change: day === undefined ? null : fromTicks(day.close - day.open, scale),
    changePercent: day === undefined ? null : changePercent(day),
    trades: day?.trades ?? 0,
    bid,
    bidQuantity,
    ask,
    askQuantity,
    openTime: dayOpenTime(now),
    closeTime: now,
  };
}

/** Price and quantity; null where there is no level. */
export function decimalLevel(level: Level | undefined, scale: MarketScale): [string, string] | [null, null] {
  return level === undefined ? [null, null] : [fromTicks(level[0], scale), fromLots(level[1], scale)];
}

function price(ticks: number | undefined, scale: MarketScale): string | null {
  return ticks === undefined ? null : fromTicks(ticks, scale);
}

/** Rounded towards zero. */
function changePercent({ open, close }: Candle): string {
  const hundredths = (BigInt(close - open) * 100n * 10n ** BigInt(PERCENT_DECIMALS)) / BigInt(open);
  return fromUnits(hundredths, PERCENT_DECIMALS);
}
