/**
 * The public streams: their names, and their messages as API.md spells them. A stream's name is also the topic under
 * which its messages are published.
 */
import type { PublicTrade } from '../../shared/domain/codec.js';
import type { DepthUpdate } from '../../shared/domain/depth.js';
import { fromLots, fromTicks } from '../../shared/domain/units.js';
import type { LiveMarket } from '../live-market.js';
import { decimalDepth, decimalLevels, type MarketData } from '../market-data.js';

/** Levels a side. */
const SNAPSHOT_LEVELS = 5000;

const STREAM_NAME = /^([a-z0-9]{1,10}_[a-z0-9]{1,10})@(trade|depth)$/;

type StreamKind = 'trade' | 'depth';

/** `WAIT`: not known yet, the market will say when. `BEHIND`: not known any more. */
export type Missed = readonly string[] | 'WAIT' | 'BEHIND';

export interface Stream {
  /** As in `btc_usdt@trade`. */
  readonly name: string;
  /** How far the stream has come. */
  position(): number;
  /** The messages that take a reader from a position to where the stream is now. */
  missedSince(position: number): Missed;
}

export function streamName({ scale }: LiveMarket, kind: StreamKind): string {
  return `${scale.market.toLowerCase()}@${kind}`;
}

/** `undefined` where there is no such stream. */
export function findStream(name: string, marketData: MarketData): Stream | undefined {
  const [, lowerCaseMarket, kind] = STREAM_NAME.exec(name) ?? [];
  if (lowerCaseMarket === undefined) return undefined;
  const market = marketData.market(lowerCaseMarket.toUpperCase());
  if (market === undefined) return undefined;
  return kind === 'trade' ? tradeStream(market) : depthStream(market);
}

/** Its position is a trade id. */
function tradeStream(market: LiveMarket): Stream {
  return {
    name: streamName(market, 'trade'),
    position: () => market.trades.lastId,
    missedSince: position =>
      market.trades.after(position)?.map(trade => tradeMessage(market, trade, trade.time)) ?? 'BEHIND',
  };
}

/** A new snapshot replaces whatever was missed. */
function depthStream(market: LiveMarket): Stream {
  return {
    name: streamName(market, 'depth'),
    position: () => market.depth.lastUpdateId,
    missedSince: () => (market.ready ? [depthSnapshotMessage(market)] : 'WAIT'),
  };
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

function message(stream: string, data: object): string {
  return JSON.stringify({ stream, data });
}
