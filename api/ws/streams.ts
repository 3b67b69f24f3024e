/** The public streams: their names, and their messages as API.md spells them. */

import type { DepthUpdate } from '../../shared/domain/depth.js';
import { isInterval } from '../../shared/domain/klines.js';
import type { PublicTrade } from '../../shared/domain/publications.js';
import { fromLots, fromTicks } from '../../shared/domain/units.js';
import type { LiveMarket } from '../live-market.js';
import { decimalDepth, decimalLevels, type MarketData } from '../market-data.js';
import { ticker } from '../ticker.js';
import { BookTickerStream } from './book-ticker-stream.js';
import { KlineStream } from './kline-stream.js';
import { message, type Stream } from './stream.js';

/** Levels a side. */
const SNAPSHOT_LEVELS = 5000;

const STREAM_NAME = /^([a-z0-9]{1,10}_[a-z0-9]{1,10})@(?:(trade|depth|bookTicker|ticker)|kline_(\w{2,3}))$/;

type StreamKind = 'trade' | 'depth' | 'bookTicker' | 'ticker';

export function streamName({ scale }: LiveMarket, kind: StreamKind): string {
  return `${scale.market.toLowerCase()}@${kind}`;
}

/** The streams that somebody has asked for, each once. */
export class Streams {
  readonly #marketData: MarketData;
  readonly #streams = new Map<string, Stream>();

  constructor(marketData: MarketData) {
    this.#marketData = marketData;
  }

  /** `undefined` where there is no such stream. */
  find(name: string): Stream | undefined {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const [, lowerCaseMarket, kind, interval] = STREAM_NAME.exec(name) ?? [];
    const market = this.#marketData.market((lowerCaseMarket ?? '').toUpperCase());
    if (market === undefined || (interval !== undefined && !isInterval(interval))) return undefined;
    const stream =
      interval === undefined
        ? STREAMS[kind as StreamKind](name, market)
        : new KlineStream(name, market, interval);
    this.#streams.set(name, stream);
    return stream;
  }

  *klines(): Generator<KlineStream> {
    for (const stream of this.#streams.values()) if (stream instanceof KlineStream) yield stream;
  }

  bookTicker(market: LiveMarket): BookTickerStream {
    return this.find(streamName(market, 'bookTicker')) as BookTickerStream;
  }
}

const STREAMS: Readonly<Record<StreamKind, (name: string, market: LiveMarket) => Stream>> = {
  trade: tradeStream,
  depth: depthStream,
  bookTicker: (name, market) => new BookTickerStream(name, market),
  ticker: tickerStream,
};

/** Its position is a trade id. */
function tradeStream(name: string, market: LiveMarket): Stream {
  return {
    name,
    topic: name,
    position: () => market.trades.lastId,
    missedSince: position =>
      market.trades.after(position)?.map(trade => tradeMessage(market, trade, trade.time)) ?? 'BEHIND',
  };
}

/** A new snapshot replaces whatever was missed. */
function depthStream(name: string, market: LiveMarket): Stream {
  return {
    name,
    topic: name,
    position: () => market.depth.lastUpdateId,
    missedSince: () => (market.ready ? [depthSnapshotMessage(market)] : 'WAIT'),
  };
}

/** What is now replaces whatever was missed. */
function tickerStream(name: string, market: LiveMarket): Stream {
  return {
    name,
    topic: name,
    position: () => 0,
    missedSince: () => {
      const text = tickerMessage(market);
      return text === undefined ? 'WAIT' : [text];
    },
  };
}

/** `undefined` while it is not known. */
export function tickerMessage(market: LiveMarket): string | undefined {
  const data = ticker(market, Date.now());
  return data && message(streamName(market, 'ticker'), data);
}

/** @param time of the batch that made the trade */
export function tradeMessage(market: LiveMarket, trade: PublicTrade, time: number): string {
  const { scale } = market;
  return message(streamName(market, 'trade'), {
    e: 'trade',
    E: time,
    s: scale.market,
    t: String(trade.tradeId),
    p: fromTicks(trade.price, scale),
    q: fromLots(trade.quantity, scale),
    T: trade.time,
    m: trade.buyerIsMaker,
  });
}

/** @param time of the batch that made the update */
export function depthUpdateMessage(market: LiveMarket, update: DepthUpdate, time: number): string {
  const { scale } = market;
  return message(streamName(market, 'depth'), {
    e: 'depthUpdate',
    E: time,
    s: scale.market,
    U: update.firstUpdateId,
    u: update.lastUpdateId,
    b: decimalLevels(update.bids, scale),
    a: decimalLevels(update.asks, scale),
  });
}

/** The last snapshot of each market: after a refill all its readers get the same one. */
const snapshots = new WeakMap<LiveMarket, { updateId: number; text: string }>();

export function forgetSnapshot(market: LiveMarket): void {
  snapshots.delete(market);
}

function depthSnapshotMessage(market: LiveMarket): string {
  const known = snapshots.get(market);
  if (known?.updateId === market.depth.lastUpdateId) return known.text;
  const { lastUpdateId, bids, asks } = decimalDepth(market, SNAPSHOT_LEVELS);
  const text = message(streamName(market, 'depth'), {
    e: 'depthSnapshot',
    s: market.scale.market,
    u: lastUpdateId,
    b: bids,
    a: asks,
  });
  snapshots.set(market, { updateId: lastUpdateId, text });
  return text;
}
