/**
 * The last public trades of one market, and the stream of the new ones. Trades are numbered from 1 without gaps, so what
 * was missed is known by its ids, and Postgres has it a moment later.
 *
 * Guarantees: trades are published in the order of their ids, each once. Those that were missed (messages lost with a
 * connection) are read and published first, up to `TAPE_LENGTH` of them and as long as that takes at most
 * `BRIDGE_WAIT_MS`; otherwise it is told that they are missed, and the stream goes on behind them. The tape itself is in
 * order and has no trade twice; what it lacks is read in the background until it is there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PublicTrade } from '../shared/domain/publications.js';

export const TAPE_LENGTH = 1000;
/** How long new trades wait for missed ones: the writer is rarely further behind the engine. */
const BRIDGE_WAIT_MS = 1000;
/** Batches of new trades that wait meanwhile; with more the stream goes on sooner. */
const MAX_HELD = 10_000;
const BRIDGE_INTERVAL_MS = 50;
const BACKGROUND_INTERVAL_MS = 1000;

/** The trades of these ids that are in Postgres, in order; rejects where it cannot be asked. */
export type ReadTrades = (market: string, firstId: number, lastId: number) => Promise<PublicTrade[]>;

/** The next trades, at least one, and the time of the batch that made them. */
export type PublishTrades = (trades: readonly PublicTrade[], time: number) => void;

export interface TapeListener {
  traded: PublishTrades;
  /** The next trades do not follow those that were published last. */
  missed(): void;
}

/** Trades in order, and the id before the first one. */
interface Made {
  afterId: number;
  trades: readonly PublicTrade[];
  time: number;
}

export class TradeTape {
  readonly #market: string;
  readonly #read: ReadTrades;
  readonly #listener: TapeListener;
  /** Ascending by id. */
  #trades: PublicTrade[] = [];
  /** The last trade that was published or missed; `undefined` before the first one is known. */
  #lastId: number | undefined;
  /** What came while missed trades are read. */
  #held: Made[] | undefined;
  #filling = false;
  #stopped = false;

  constructor(market: string, read: ReadTrades, listener: TapeListener) {
    this.#market = market;
    this.#read = read;
    this.#listener = listener;
  }

  /** Everything up to this id has been published. */
  get lastId(): number {
    return this.#lastId ?? 0;
  }

  /** Whether nothing that was heard waits for missed trades. */
  get isUpToDate(): boolean {
    return this.#held === undefined;
  }

  /** At most `limit` trades, newest first. */
  newest(limit: number): PublicTrade[] {
    return this.#trades.slice(-limit).reverse();
  }

  /** All trades after `id`, oldest first; `undefined` where the tape does not reach back that far. */
  after(id: number): readonly PublicTrade[] | undefined {
    const trades = this.#trades.slice(-TAPE_LENGTH).filter(({ tradeId }) => tradeId > id);
    return trades.length === this.lastId - id ? trades : undefined;
  }

  /** New trades, and the time of the batch that made them. */
  receive(trades: readonly PublicTrade[], time: number): void {
    const first = trades[0];
    if (first !== undefined) this.#take({ afterId: first.tradeId - 1, trades, time });
  }

  /** The market's trades have come to this id: what the tape does not have was missed, or was before our time. */
  reach(lastId: number): void {
    this.#take({ afterId: lastId, trades: [], time: 0 });
    void this.#fill();
  }

  stop(): void {
    this.#stopped = true;
  }

  #take(made: Made): void {
    this.#lastId ??= made.afterId;
    if (this.#held !== undefined) this.#held.push(made);
    else if (made.afterId > this.#lastId) void this.#bridge(made);
    else this.#append(made.trades, made.time);
  }

  #append(made: readonly PublicTrade[], time: number): void {
    const trades = made.filter(({ tradeId }) => tradeId > this.lastId);
    if (trades.length === 0) return;
    this.#lastId = trades.at(-1)!.tradeId;
    this.#trades.push(...trades);
    // Cut now and then, since each cut copies the tape.
    if (this.#trades.length > 2 * TAPE_LENGTH) this.#trades = this.#trades.slice(-TAPE_LENGTH);
    this.#listener.traded(trades, time);
  }

  /** Publishes the trades between the last one and `made`, as far as they can be read in time, then goes on. */
  async #bridge(made: Made): Promise<void> {
    const held = [made];
    this.#held = held;
    const firstId = Math.max(this.lastId, made.afterId - TAPE_LENGTH) + 1;
    const missed = await this.#readMissed(firstId, made.afterId);
    this.#held = undefined;
    if (this.#stopped) return;
    if (missed.length < made.afterId - this.lastId) this.#listener.missed();
    this.#append(missed, missed.at(-1)?.time ?? 0);
    this.#lastId = Math.max(this.lastId, made.afterId);
    for (const next of held) this.#take(next);
    void this.#fill();
  }

  async #readMissed(firstId: number, lastId: number): Promise<readonly PublicTrade[]> {
    const until = performance.now() + BRIDGE_WAIT_MS;
    let trades: readonly PublicTrade[] = [];
    while (trades.length <= lastId - firstId && !this.#stopped) {
      const left = until - performance.now();
      if (left <= 0 || this.#held!.length > MAX_HELD) break;
      trades = await Promise.race([this.#readNow(firstId, lastId), sleep(left, trades)]);
      if (trades.length <= lastId - firstId) await sleep(BRIDGE_INTERVAL_MS);
    }
    return trades;
  }

  /** Reads what the tape lacks until it has all that it can hold. */
  async #fill(): Promise<void> {
    if (this.#filling) return;
    this.#filling = true;
    while (!this.#stopped && this.#trades.length < Math.min(this.lastId, TAPE_LENGTH)) {
      const stored = await this.#readNow(Math.max(1, this.lastId - TAPE_LENGTH + 1), this.lastId);
      const byId = new Map([...stored, ...this.#trades].map(trade => [trade.tradeId, trade]));
      this.#trades = [...byId.values()].sort((a, b) => a.tradeId - b.tradeId).slice(-TAPE_LENGTH);
      if (this.#trades.length < Math.min(this.lastId, TAPE_LENGTH)) await sleep(BACKGROUND_INTERVAL_MS);
    }
    this.#filling = false;
  }

  /** Nothing where Postgres cannot be asked; whoever reads tries again. */
  #readNow(firstId: number, lastId: number): Promise<readonly PublicTrade[]> {
    return this.#read(this.#market, firstId, lastId).catch(() => []);
  }
}
