/**
 * The newest candles of one market: what Postgres has stored, and the trades that were heard since.
 *
 * Guarantees: while `ready`, each trade that was published counts once, however it came: told by its id it is in what
 * was stored or is added to it. Where trades were missed, what is stored is read again, until it reaches to them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KlineTrade } from '../shared/domain/klines.js';
import { LiveCandles, type StoredCandles } from '../shared/domain/live-candles.js';
import type { PublicTrade } from '../shared/domain/publications.js';
import type { MarketScale } from '../shared/domain/units.js';

/** The minutes that the ticker looks at, and some more. */
const MINUTES_BACK_MS = 25 * 60 * 60 * 1000;
const RETRY_INTERVAL_MS = 100;
/** Trades that wait for what is stored; with more, the oldest wait no longer, and more has to be stored. */
const MAX_PENDING = 100_000;

/** What is stored of a market: the newest candles of each interval, and all minutes from a time on. */
export type ReadCandles = (market: string, minutesFrom: number) => Promise<StoredCandles>;

export class MarketCandles {
  readonly #scale: MarketScale;
  readonly #read: ReadCandles;
  readonly #loaded: () => void;
  readonly #live = new LiveCandles();
  /** What was heard and is not counted yet; `undefined` while all is. */
  #pending: KlineTrade[] | undefined = [];
  /** The market has traded up to this id, at least. */
  #reached = 0;
  #loading = false;
  #stopped = false;

  /** @param loaded called whenever `ready` has become true */
  constructor(scale: MarketScale, read: ReadCandles, loaded: () => void) {
    this.#scale = scale;
    this.#read = read;
    this.#loaded = loaded;
  }

  /** The candles, where they are known. */
  get live(): LiveCandles | undefined {
    return this.#pending === undefined ? this.#live : undefined;
  }

  /** Trades in the order of their ids. */
  receive(trades: readonly PublicTrade[]): void {
    for (const trade of trades) this.#take(klineTrade(trade, this.#scale));
  }

  /** The market has traded up to this id. */
  reach(lastTradeId: number): void {
    this.#reached = Math.max(this.#reached, lastTradeId);
    if (this.#pending !== undefined || this.#live.lastTradeId < this.#reached) void this.#load();
  }

  stop(): void {
    this.#stopped = true;
  }

  #take(trade: KlineTrade): void {
    if (this.#pending !== undefined) {
      if (this.#pending.length >= MAX_PENDING) this.#pending = [];
      this.#pending.push(trade);
    } else if (this.#live.add(trade) === 'GAP') {
      this.#pending = [trade];
      void this.#load();
    }
  }

  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    this.#pending ??= [];
    while (!this.#stopped && !(await this.#tryLoad())) await sleep(RETRY_INTERVAL_MS);
    this.#loading = false;
    if (!this.#stopped) this.#loaded();
  }

  /** False where what is stored does not reach to the trades that were heard, yet. */
  async #tryLoad(): Promise<boolean> {
    const stored = await this.#read(this.#scale.market, Date.now() - MINUTES_BACK_MS).catch(() => undefined);
    const pending = this.#pending!;
    const needed = (pending[0]?.tradeId ?? this.#reached + 1) - 1;
    if (stored === undefined || stored.lastTradeId < needed) return false;
    this.#live.reset(stored);
    const gap = pending.findIndex(trade => this.#live.add(trade) === 'GAP');
    if (gap > 0) this.#pending = pending.slice(gap);
    // What is pending may be older than what was missed.
    if (gap >= 0 || this.#live.lastTradeId < this.#reached) return false;
    this.#pending = undefined;
    return true;
  }
}

function klineTrade(trade: PublicTrade, { lotSize, tickLotValue }: MarketScale): KlineTrade {
  const { tradeId, price, quantity, time, buyerIsMaker } = trade;
  const baseAmount = BigInt(quantity) * lotSize;
  const quoteAmount = BigInt(price) * BigInt(quantity) * tickLotValue;
  return { tradeId, price, baseAmount, quoteAmount, time, buyerIsMaker };
}
