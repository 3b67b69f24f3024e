/**
 * The candles of a stretch of trades, in all intervals.
 *
 * Every interval is whole seconds, so a trade is added to its second only and the longer candles are merged from the
 * seconds: one addition a trade instead of sixteen.
 */
import {
  addTrade,
  type Candle,
  candleOf,
  INTERVALS,
  type Interval,
  type KlineTrade,
  merge,
  openTime,
} from '../shared/domain/klines.js';

export interface MarketCandle {
  readonly market: string;
  readonly interval: Interval;
  readonly candle: Candle;
}

export class CandleFold {
  /** Oldest first. */
  private readonly secondsOf = new Map<string, Candle[]>();

  /** Trades of a market come in the order of their ids, and time never goes backwards. */
  add(market: string, trade: KlineTrade): void {
    const seconds = this.secondsOf.get(market);
    const current = seconds?.at(-1);
    if (seconds === undefined) this.secondsOf.set(market, [candleOf('1s', trade)]);
    else if (current?.openTime === openTime('1s', trade.time)) addTrade(current, trade);
    else seconds.push(candleOf('1s', trade));
  }

  *candles(): Generator<MarketCandle> {
    for (const [market, seconds] of this.secondsOf) {
      for (const interval of INTERVALS) {
        for (const candle of gathered(interval, seconds)) yield { market, interval, candle };
      }
    }
  }
}

function gathered(interval: Interval, seconds: readonly Candle[]): Candle[] {
  const candles: Candle[] = [];
  for (const second of seconds) {
    const open = openTime(interval, second.openTime);
    const current = candles.at(-1);
    if (current?.openTime === open) candles[candles.length - 1] = merge(current, second);
    else candles.push({ ...second, openTime: open });
  }
  return candles;
}
