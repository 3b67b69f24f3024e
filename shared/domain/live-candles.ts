/**
 * The newest candles of one market, in all intervals, as a fold over its trades.
 *
 * Guarantees: each trade counts once, told by its id; what is known is exactly what the trades up to `lastTradeId` give.
 * A candle without trades is flat, at the last price before it.
 *
 * A trade is added to its second only; the seconds are merged into the longer candles when somebody looks.
 */
import {
  addTrade,
  type Candle,
  candleOf,
  flatCandle,
  INTERVALS,
  type Interval,
  type KlineTrade,
  merge,
  openTime,
} from './klines.js';

/** Of each interval: as far back as a reader who was slow gets what it missed. */
export const KEPT_CANDLES = 64;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const MAX_PENDING = 64;

/** One statement's view of what is stored: the newest candles of each interval, oldest first. */
export interface StoredCandles {
  /** Of the last trade in them; 0 where nothing has traded. */
  lastTradeId: number;
  candles: ReadonlyMap<Interval, readonly Candle[]>;
}

/** When the first of the last 24 hours' minutes opens, the current one being the last. */
export function dayOpenTime(time: number): number {
  return openTime('1m', time) - (DAY_MINUTES - 1) * MINUTE_MS;
}

export class LiveCandles {
  #lastTradeId = 0;
  #candles = new Map<Interval, Candle[]>(INTERVALS.map(interval => [interval, []]));
  /** Parts of seconds that are not yet in the candles, oldest first. */
  #pending: Candle[] = [];
  /** Most of the day, since adding up 1,440 minutes takes 77 µs. */
  #added: { from: number; end: number; candle: Candle | undefined } | undefined;

  get lastTradeId(): number {
    return this.#lastTradeId;
  }

  reset({ lastTradeId, candles }: StoredCandles): void {
    this.#lastTradeId = lastTradeId;
    this.#candles = new Map(INTERVALS.map(interval => [interval, [...(candles.get(interval) ?? [])]]));
    this.#pending = [];
    this.#added = undefined;
  }

  /** `STALE`: counted already. `GAP`: trades are missing before it; nothing was changed. */
  add(trade: KlineTrade): 'ADDED' | 'STALE' | 'GAP' {
    if (trade.tradeId <= this.#lastTradeId) return 'STALE';
    if (trade.tradeId > this.#lastTradeId + 1) return 'GAP';
    this.#lastTradeId = trade.tradeId;
    const second = this.#pending.at(-1);
    if (second?.openTime === openTime('1s', trade.time)) addTrade(second, trade);
    else this.#pending.push(candleOf('1s', trade));
    if (this.#pending.length > MAX_PENDING) this.#settle();
    return 'ADDED';
  }

  /**
   * The candle that opens then; flat where nothing traded, `undefined` where nothing had traded before.
   * @param open one of the interval's, not older than the last `KEPT_CANDLES`
   */
  at(interval: Interval, open: number): Candle | undefined {
    this.#settle();
    const candles = this.#candles.get(interval)!;
    for (let index = candles.length - 1; index >= 0; index--) {
      const candle = candles[index]!;
      if (candle.openTime === open) return candle;
      if (candle.openTime < open) return flatCandle(open, candle.close);
    }
    return undefined;
  }

  /** The last 24 hours by minute as one candle; flat where nothing traded in them, `undefined` where nothing ever has. */
  day(time: number): Candle | undefined {
    this.#settle();
    const last = this.#candles.get('1m')!.at(-1);
    if (last === undefined) return undefined;
    const open = dayOpenTime(time);
    if (last.openTime < open) return flatCandle(open, last.close);
    const before = this.#minutes(open, last.openTime);
    return { ...(before === undefined ? last : merge(before, last)), openTime: open };
  }

  /** The minutes from one to before another as one candle; added up only when another minute is the first or the last. */
  #minutes(from: number, end: number): Candle | undefined {
    if (this.#added?.from !== from || this.#added.end !== end) {
      const minutes = this.#candles.get('1m')!.filter(({ openTime }) => openTime >= from && openTime < end);
      const [first, ...others] = minutes;
      this.#added = { from, end, candle: first && others.reduce(merge, first) };
    }
    return this.#added.candle;
  }

  #settle(): void {
    for (const part of this.#pending) for (const interval of INTERVALS) this.#merge(interval, part);
    this.#pending = [];
  }

  #merge(interval: Interval, part: Candle): void {
    const candles = this.#candles.get(interval)!;
    const open = openTime(interval, part.openTime);
    const current = candles.at(-1);
    if (current?.openTime === open) {
      candles[candles.length - 1] = merge(current, part);
      return;
    }
    candles.push({ ...part, openTime: open });
    const kept = interval === '1m' ? DAY_MINUTES : KEPT_CANDLES;
    // Now and then, since each cut copies.
    if (candles.length > 2 * kept) this.#candles.set(interval, candles.slice(-kept));
  }
}
