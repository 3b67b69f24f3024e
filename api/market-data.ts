/**
 * What the api knows of the markets without asking the engine each time: the catalog, and each market's depth and last
 * trades (D8). All of it is asked for again after each connection of the feed.
 *
 * Guarantees: an answer's effect is in here when the answer arrives, since both come on one connection, in this order.
 */

import type { Level } from '../shared/domain/answers.js';
import type { PublicTrade } from '../shared/domain/publications.js';
import { fromLots, fromTicks, fromUnits, type MarketScale } from '../shared/domain/units.js';
import type { Catalog } from './catalog.js';
import type { EngineClient } from './engine-client.js';
import { LiveMarket, type LiveMarketListener } from './live-market.js';
import type { ReadCandles } from './market-candles.js';
import type { ReadTrades } from './trade-tape.js';

/** `[price, quantity]`, padded to the market's scale. */
export type DecimalLevel = readonly [price: string, quantity: string];

export interface DecimalDepth {
  lastUpdateId: number;
  bids: DecimalLevel[];
  asks: DecimalLevel[];
}

export interface DecimalTrade {
  tradeId: string;
  price: string;
  quantity: string;
  quoteQuantity: string;
  time: number;
  buyerIsMaker: boolean;
}

export interface MarketDataParts {
  engine: EngineClient;
  catalog: Catalog;
  readTrades: ReadTrades;
  readCandles: ReadCandles;
}

export class MarketData implements LiveMarketListener {
  readonly #engine: EngineClient;
  readonly #catalog: Catalog;
  readonly #readTrades: ReadTrades;
  readonly #readCandles: ReadCandles;
  readonly #markets = new Map<string, LiveMarket>();
  readonly #listeners: LiveMarketListener[] = [];
  /** Aborted when the feed's connection is lost. */
  #connection = new AbortController();
  /** Catalog messages that came while the catalog is being asked for; they are newer than its answer. */
  #news: string[] | undefined;
  #isLoaded = false;

  /** Begins with the feed's next connection, so make it before `engine.start()`. */
  constructor({ engine, catalog, readTrades, readCandles }: MarketDataParts) {
    this.#engine = engine;
    this.#catalog = catalog;
    this.#readTrades = readTrades;
    this.#readCandles = readCandles;
    engine.feed.listen({
      connected: () => void this.#load(),
      lost: () => this.#lose(),
      catalog: message => this.#learn(message),
      market: message => this.#markets.get(message.market)?.receive(message, this.#connection.signal),
    });
  }

  /** Whether the catalog was heard whole, once: before that a market may be known here that is not followed yet. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  stop(): void {
    this.#lose();
    for (const market of this.#markets.values()) market.stop();
  }

  listen(listener: LiveMarketListener): void {
    this.#listeners.push(listener);
  }

  market(name: string): LiveMarket | undefined {
    return this.#markets.get(name);
  }

  markets(): Iterable<LiveMarket> {
    return this.#markets.values();
  }

  /** At most `limit` levels a side, best first; `undefined` while the depth is not known. */
  depth(name: string, limit: number): DecimalDepth | undefined {
    const market = this.#markets.get(name);
    return market?.ready ? decimalDepth(market, limit) : undefined;
  }

  /** At most `limit` of the last 1,000 trades, newest first. */
  trades(name: string, limit: number): DecimalTrade[] {
    const market = this.#markets.get(name);
    return market?.trades.newest(limit).map(trade => decimalTrade(trade, market.scale)) ?? [];
  }

  depthRefilled(...refilled: Parameters<LiveMarketListener['depthRefilled']>): void {
    for (const listener of this.#listeners) listener.depthRefilled(...refilled);
  }

  depthChanged(...changed: Parameters<LiveMarketListener['depthChanged']>): void {
    for (const listener of this.#listeners) listener.depthChanged(...changed);
  }

  traded(...traded: Parameters<LiveMarketListener['traded']>): void {
    for (const listener of this.#listeners) listener.traded(...traded);
  }

  tradesMissed(...missed: Parameters<LiveMarketListener['tradesMissed']>): void {
    for (const listener of this.#listeners) listener.tradesMissed(...missed);
  }

  candlesLoaded(...loaded: Parameters<LiveMarketListener['candlesLoaded']>): void {
    for (const listener of this.#listeners) listener.candlesLoaded(...loaded);
  }

  async #load(): Promise<void> {
    this.#connection = new AbortController();
    const { signal } = this.#connection;
    this.#news = [];
    const answer = await this.#engine.askUntil({ kind: 'CATALOG', body: {} }, 'CATALOG', signal);
    if (answer === undefined) return;
    this.#catalog.load(answer);
    for (const message of this.#news) this.#catalog.update(message);
    this.#news = undefined;
    this.#follow();
    this.#isLoaded = true;
  }

  #lose(): void {
    this.#connection.abort();
    for (const market of this.#markets.values()) market.lose();
  }

  #learn(message: string): void {
    this.#catalog.update(message);
    if (this.#news === undefined) this.#follow();
    else this.#news.push(message);
  }

  /** Starts with new markets, and finds out where a market's message never came. */
  #follow(): void {
    for (const { market, scale } of this.#catalog.markets()) {
      const live = this.#markets.get(market.market) ?? this.#add(scale);
      live.catchUp(market.updateId, this.#connection.signal);
    }
  }

  #add(scale: MarketScale): LiveMarket {
    const market = new LiveMarket(scale, {
      engine: this.#engine,
      readTrades: this.#readTrades,
      readCandles: this.#readCandles,
      listener: this,
    });
    this.#markets.set(scale.market, market);
    return market;
  }
}

export function decimalDepth({ depth, scale }: LiveMarket, limit: number): DecimalDepth {
  return {
    lastUpdateId: depth.lastUpdateId,
    bids: decimalLevels(depth.levels('bids', limit), scale),
    asks: decimalLevels(depth.levels('asks', limit), scale),
  };
}

/** A level that is gone has the quantity `"0"`. */
export function decimalLevels(levels: readonly Level[], scale: MarketScale): DecimalLevel[] {
  return levels.map(([price, quantity]) => [
    fromTicks(price, scale),
    quantity === 0 ? '0' : fromLots(quantity, scale),
  ]);
}

function decimalTrade(trade: PublicTrade, scale: MarketScale): DecimalTrade {
  const quoteAmount = BigInt(trade.price) * BigInt(trade.quantity) * scale.tickLotValue;
  return {
    tradeId: String(trade.tradeId),
    price: fromTicks(trade.price, scale),
    quantity: fromLots(trade.quantity, scale),
    quoteQuantity: fromUnits(quoteAmount, scale.quoteDecimals),
    time: trade.time,
    buyerIsMaker: trade.buyerIsMaker,
  };
}
