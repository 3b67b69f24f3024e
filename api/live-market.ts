/**
 * One market as it is now: its depth and its last trades, kept from a snapshot and the market's messages.
 *
 * Guarantees: while `ready`, the depth is the engine's book at `depth.lastUpdateId`, and every change since the last
 * `depthRefilled` was announced, each with the id after the one before. A missed message leads to a new snapshot.
 */

import { DepthFold, type DepthUpdate } from '../shared/domain/depth.js';
import type { MarketMessage } from '../shared/domain/publications.js';
import type { MarketScale } from '../shared/domain/units.js';
import type { EngineClient } from './engine-client.js';
import { MarketCandles, type ReadCandles } from './market-candles.js';
import { type PublishTrades, type ReadTrades, TradeTape } from './trade-tape.js';

/** Messages that wait for a snapshot. With more, they are thrown away and the snapshot is asked for again. */
const MAX_PENDING = 10_000;

export interface LiveMarketListener {
  /** The depth is there, or is there again: whoever followed it starts from `depth`. */
  depthRefilled(market: LiveMarket): void;
  depthChanged(market: LiveMarket, update: DepthUpdate, time: number): void;
  traded(market: LiveMarket, ...made: Parameters<PublishTrades>): void;
  /** Trades that nobody heard of come before the next ones. */
  tradesMissed(market: LiveMarket): void;
  /** The candles are known, or known again. */
  candlesLoaded(market: LiveMarket): void;
}

export interface LiveMarketParts {
  engine: EngineClient;
  readTrades: ReadTrades;
  readCandles: ReadCandles;
  listener: LiveMarketListener;
}

export class LiveMarket {
  readonly scale: MarketScale;
  readonly depth = new DepthFold();
  readonly trades: TradeTape;
  readonly candles: MarketCandles;
  readonly #engine: EngineClient;
  readonly #listener: LiveMarketListener;
  /** What came since the snapshot was asked for; `undefined` while the depth is ready. */
  #pending: MarketMessage[] | undefined = [];
  /** Of the connection on which a snapshot is being waited for. */
  #refilling: AbortSignal | undefined;

  constructor(scale: MarketScale, { engine, readTrades, readCandles, listener }: LiveMarketParts) {
    this.scale = scale;
    this.#engine = engine;
    this.#listener = listener;
    this.candles = new MarketCandles(scale, readCandles, () => listener.candlesLoaded(this));
    this.trades = new TradeTape(scale.market, readTrades, {
      traded: (trades, time) => {
        this.candles.receive(trades);
        listener.traded(this, trades, time);
      },
      missed: () => listener.tradesMissed(this),
    });
  }

  stop(): void {
    this.trades.stop();
    this.candles.stop();
  }

  get ready(): boolean {
    return this.#pending === undefined;
  }

  /** From now on messages are missed. */
  lose(): void {
    this.#pending = [];
  }

  /**
   * The book has come to this update id at least; where the depth has not, it is refilled.
   * @param connection aborted when the connection that brings the messages is lost
   */
  catchUp(updateId: number, connection: AbortSignal): void {
    const behind = !this.ready || this.depth.lastUpdateId < updateId;
    if (behind && this.#refilling !== connection) void this.#refill(connection);
  }

  receive(message: MarketMessage, connection: AbortSignal): void {
    this.trades.receive(message.trades, message.time);
    if (this.#pending !== undefined) {
      if (this.#pending.length >= MAX_PENDING) this.#pending = [];
      this.#pending.push(message);
      return;
    }
    const firstUpdateId = this.depth.lastUpdateId + 1;
    const result = this.depth.apply(message);
    if (result === 'GAP') void this.#refill(connection);
    if (result === 'APPLIED') this.#listener.depthChanged(this, { ...message, firstUpdateId }, message.time);
  }

  async #refill(connection: AbortSignal): Promise<void> {
    this.#refilling = connection;
    do {
      this.#pending = [];
      const query = { kind: 'BOOK', body: { market: this.scale.market } } as const;
      const answer = await this.#engine.askUntil(query, 'BOOK', connection);
      if (answer === undefined) return;
      this.depth.reset(answer.book);
      this.trades.reach(answer.book.lastTradeId);
      this.candles.reach(answer.book.lastTradeId);
    } while (this.#pending.some(message => this.depth.apply(message) === 'GAP'));
    this.#refilling = undefined;
    this.#pending = undefined;
    this.#listener.depthRefilled(this);
  }
}
