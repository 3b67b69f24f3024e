/**
 * The candles of one market in one interval, as they go on and as they close.
 *
 * Guarantees: every candle that begins after a reader came is closed once, in order, a flat one too, and never changes
 * afterwards. While a candle goes on it is told at most once a beat, and only where it has changed.
 */
import { type Candle, closeTime, type Interval, nextOpenTime, openTime } from '../../shared/domain/klines.js';
import { KEPT_CANDLES } from '../../shared/domain/live-candles.js';
import { candleForm } from '../http/forms.js';
import type { LiveMarket } from '../live-market.js';
import { type Missed, message, type Stream } from './stream.js';

export class KlineStream implements Stream {
  readonly name: string;
  readonly topic: string;
  readonly #market: LiveMarket;
  readonly #interval: Interval;
  /** Opens the candle that has not been closed; `undefined` while nobody reads. */
  #open: number | undefined;
  /** Whether everything that happened before it opened was heard. */
  #isSure = false;
  /** The last trade of that candle when it was told; `undefined` before it was. */
  #told: number | undefined;

  constructor(name: string, market: LiveMarket, interval: Interval) {
    this.name = name;
    this.topic = name;
    this.#market = market;
    this.#interval = interval;
  }

  /** When the candle opens that has not been closed. */
  position(): number {
    this.#open ??= openTime(this.#interval, Date.now());
    return this.#open;
  }

  missedSince(position: number): Missed {
    if (this.#market.candles.live === undefined) return 'WAIT';
    // Where nobody reads it goes on from there: what is over by the clock is closed at the next beat.
    this.#open ??= position;
    if (position < this.#open && !this.#isSure) return 'WAIT';
    const closed: string[] = [];
    // A clock that was set back may be behind what has closed.
    const end = Math.max(this.#open, openTime(this.#interval, Date.now()));
    for (let missed = position, count = 0; missed < end; missed = nextOpenTime(this.#interval, missed)) {
      if (count++ === KEPT_CANDLES) return 'BEHIND';
      if (missed < this.#open) closed.push(...this.#messages(missed, true));
    }
    return [...closed, ...this.#messages(this.#open, false)];
  }

  /**
   * What its readers are to be told: the candles that have closed since the last time, and the one that goes on.
   * @param end everything that happened before this time was heard
   */
  beat(end: number): string[] {
    const { ready, trades, candles } = this.#market;
    const messages: string[] = [];
    if (!ready || !trades.isUpToDate || candles.live === undefined) return messages;
    let open = this.position();
    while (closeTime(this.#interval, open) < end) {
      messages.push(...this.#messages(open, true));
      open = nextOpenTime(this.#interval, open);
      this.#told = undefined;
    }
    this.#open = open;
    this.#isSure ||= end >= open;
    const lastTradeId = candles.live.at(this.#interval, open)?.lastTradeId;
    if (lastTradeId !== this.#told) messages.push(...this.#messages(open, false));
    this.#told = lastTradeId;
    return messages;
  }

  /** Nobody reads. */
  rest(): void {
    this.#open = undefined;
    this.#isSure = false;
    this.#told = undefined;
  }

  /** None before the market's first trade. */
  #messages(open: number, isClosed: boolean): string[] {
    const candle = this.#market.candles.live!.at(this.#interval, open);
    return candle === undefined ? [] : [this.#message(candle, isClosed)];
  }

  #message(candle: Candle, isClosed: boolean): string {
    const { scale } = this.#market;
    const form = candleForm(candle, this.#interval, scale);
    const k = {
      t: form.openTime,
      T: form.closeTime,
      s: scale.market,
      i: this.#interval,
      o: form.open,
      c: form.close,
      h: form.high,
      l: form.low,
      v: form.volume,
      n: form.trades,
      x: isClosed,
      q: form.quoteVolume,
      V: form.takerBuyVolume,
      Q: form.takerBuyQuoteVolume,
      f: form.firstTradeId,
      L: form.lastTradeId,
    };
    return message(this.name, { e: 'kline', E: Date.now(), s: scale.market, k });
  }
}
