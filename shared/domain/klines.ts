/**
 * Candles (klines) as a fold over trades.
 *
 * Guarantees: every time from 1970 on lies in exactly one candle of each interval, in UTC; the candle of a
 * list of trades is the same however the list is cut, folded in parts and merged; everything is a whole
 * number, so sums are exact. A candle exists only where something traded; flat ones are made for readers and
 * are never stored or merged.
 */

export const INTERVALS = [
  '1s',
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
  '1M',
] as const;

export type Interval = (typeof INTERVALS)[number];

/** What a candle needs to know of a trade. */
export interface KlineTrade {
  tradeId: number;
  /** In ticks. */
  price: number;
  /** In the base asset's smallest units. */
  baseAmount: bigint;
  /** In the quote asset's smallest units. */
  quoteAmount: bigint;
  /** Milliseconds since 1970. */
  time: number;
  buyerIsMaker: boolean;
}

/** Times in milliseconds since 1970, prices in ticks, volumes in the smallest units of base and quote. */
export interface Candle {
  openTime: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: bigint;
  quoteVolume: bigint;
  trades: number;
  /** The part of the volume where the taker bought. */
  takerBuyVolume: bigint;
  takerBuyQuoteVolume: bigint;
  firstTradeId: number;
  lastTradeId: number;
}

/**
 * Which candles a reader wants: those that open in `from..to` (milliseconds, both included), at most `limit`.
 */
export interface CandleRange {
  from: number;
  to: number;
  limit: number;
  /** The last price before `from`, in ticks; undefined where nothing had traded yet. */
  previousClose: number | undefined;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const LENGTH_MS: Record<Exclude<Interval, '1M'>, number> = {
  '1s': SECOND_MS,
  '1m': MINUTE_MS,
  '3m': 3 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '2h': 2 * HOUR_MS,
  '4h': 4 * HOUR_MS,
  '6h': 6 * HOUR_MS,
  '8h': 8 * HOUR_MS,
  '12h': 12 * HOUR_MS,
  '1d': DAY_MS,
  '3d': 3 * DAY_MS,
  '1w': 7 * DAY_MS,
};

/** 1970-01-01 was a Thursday, so the week that holds it had begun three days before. */
const WEEK_BEGAN_BEFORE_1970_MS = 3 * DAY_MS;

const LONGEST_MONTH_MS = 31 * DAY_MS;

/** The trade id of a candle without trades, first and last, as the large venues publish it. */
const NO_TRADE_ID = -1;

export function isInterval(text: string): text is Interval {
  return (INTERVALS as readonly string[]).includes(text);
}

/** When the candle that holds `timeMs` (0 or more) opens. Negative only for the week of 1970-01-01. */
export function openTime(interval: Interval, timeMs: number): number {
  if (interval === '1M') return monthOpenTime(timeMs);
  const sinceAnyOpen = interval === '1w' ? timeMs + WEEK_BEGAN_BEFORE_1970_MS : timeMs;
  return timeMs - (sinceAnyOpen % LENGTH_MS[interval]);
}

/** The last millisecond of the candle that opens at `openTimeMs`. */
export function closeTime(interval: Interval, openTimeMs: number): number {
  return nextOpenTime(interval, openTimeMs) - 1;
}

/** When the candle after the one that opens at `openTimeMs` opens. */
export function nextOpenTime(interval: Interval, openTimeMs: number): number {
  // From the first of a month, the longest month's length on is always in the next month.
  if (interval === '1M') return monthOpenTime(openTimeMs + LONGEST_MONTH_MS);
  return openTimeMs + LENGTH_MS[interval];
}

/** The candle of one trade. */
export function candleOf(interval: Interval, trade: KlineTrade): Candle {
  return {
    openTime: openTime(interval, trade.time),
    open: trade.price,
    high: trade.price,
    low: trade.price,
    close: trade.price,
    volume: trade.baseAmount,
    quoteVolume: trade.quoteAmount,
    trades: 1,
    takerBuyVolume: trade.buyerIsMaker ? 0n : trade.baseAmount,
    takerBuyQuoteVolume: trade.buyerIsMaker ? 0n : trade.quoteAmount,
    firstTradeId: trade.tradeId,
    lastTradeId: trade.tradeId,
  };
}

/** Adds, in place, the next trade of the same candle: trades come in the order of their ids. */
export function addTrade(candle: Candle, trade: KlineTrade): void {
  candle.high = Math.max(candle.high, trade.price);
  candle.low = Math.min(candle.low, trade.price);
  candle.close = trade.price;
  candle.volume += trade.baseAmount;
  candle.quoteVolume += trade.quoteAmount;
  candle.trades += 1;
  candle.lastTradeId = trade.tradeId;
  if (trade.buyerIsMaker) return;
  candle.takerBuyVolume += trade.baseAmount;
  candle.takerBuyQuoteVolume += trade.quoteAmount;
}

/**
 * One candle of the trades of both, where all of `later`'s follow all of `earlier`'s: two parts of one
 * candle, or two candles inside a longer one. It opens when `earlier` does.
 */
export function merge(earlier: Candle, later: Candle): Candle {
  return {
    openTime: earlier.openTime,
    open: earlier.open,
    high: Math.max(earlier.high, later.high),
    low: Math.min(earlier.low, later.low),
    close: later.close,
    volume: earlier.volume + later.volume,
    quoteVolume: earlier.quoteVolume + later.quoteVolume,
    trades: earlier.trades + later.trades,
    takerBuyVolume: earlier.takerBuyVolume + later.takerBuyVolume,
    takerBuyQuoteVolume: earlier.takerBuyQuoteVolume + later.takerBuyQuoteVolume,
    firstTradeId: earlier.firstTradeId,
    lastTradeId: later.lastTradeId,
  };
}

/**
 * The candle of a stretch without trades: all four prices are the last one before it, both trade ids are -1.
 */
export function flatCandle(openTimeMs: number, previousClose: number): Candle {
  return {
    openTime: openTimeMs,
    open: previousClose,
    high: previousClose,
    low: previousClose,
    close: previousClose,
    volume: 0n,
    quoteVolume: 0n,
    trades: 0,
    takerBuyVolume: 0n,
    takerBuyQuoteVolume: 0n,
    firstTradeId: NO_TRADE_ID,
    lastTradeId: NO_TRADE_ID,
  };
}

/**
 * The oldest `limit` candles of the range without a gap, flat where nothing traded. `candles` are the
 * interval's candles of the range, oldest first. Before the market's first trade there is no price and so no
 * candle.
 */
export function fillGaps(interval: Interval, candles: readonly Candle[], range: CandleRange): Candle[] {
  const filled: Candle[] = [];
  const oldest = candles[0];
  let open = range.previousClose === undefined ? oldest?.openTime : openTimeFrom(interval, range.from);
  let close = range.previousClose ?? oldest?.open;
  if (open === undefined || close === undefined) return filled;

  const traded = new Map(candles.map(candle => [candle.openTime, candle]));
  while (open <= range.to && filled.length < range.limit) {
    const candle: Candle = traded.get(open) ?? flatCandle(open, close);
    filled.push(candle);
    close = candle.close;
    open = nextOpenTime(interval, open);
  }
  return filled;
}

/** The first open time at or after `timeMs`. */
function openTimeFrom(interval: Interval, timeMs: number): number {
  const open = openTime(interval, timeMs);
  return open < timeMs ? nextOpenTime(interval, open) : open;
}

function monthOpenTime(timeMs: number): number {
  const day = Math.floor(timeMs / DAY_MS);
  return (day - dayOfMonth(day) + 1) * DAY_MS;
}

/**
 * The day of the month, 1 to 31, of a day counted from 1970-01-01, in the Gregorian calendar: Howard
 * Hinnant's `civil_from_days`. Its years begin on 1 March, so that the leap day is a year's last, and it
 * counts from 0000-03-01 in eras of 400 years, after which the calendar repeats.
 */
function dayOfMonth(day: number): number {
  const dayOfEra = (day + 719_468) % 146_097;
  const leapDays =
    Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  return dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
}
