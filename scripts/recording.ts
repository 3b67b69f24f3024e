/**
 * Reads a recording of a venue's public WebSocket frames: a gzip file of lines `<local nanoseconds> <frame>`.
 *
 * Guarantees: every frame comes out once, in the order of the file, its decimals as the strings that were
 * recorded. A last line that is cut off is left out; any other line that cannot be read throws. A file is
 * held in memory whole (five minutes of a busy market are some 15 MB).
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export type RecordedLevel = readonly [price: string, quantity: string];

export interface RecordedTrade {
  kind: 'TRADE';
  tradeId: number;
  price: string;
  quantity: string;
  /** Milliseconds since 1970. */
  time: number;
  buyerIsMaker: boolean;
}

export interface RecordedDepthUpdate {
  kind: 'DEPTH_UPDATE';
  firstUpdateId: number;
  lastUpdateId: number;
  bids: RecordedLevel[];
  asks: RecordedLevel[];
}

export interface RecordedDepthSnapshot {
  kind: 'DEPTH_SNAPSHOT';
  lastUpdateId: number;
  bids: RecordedLevel[];
  asks: RecordedLevel[];
}

/** The best level of each side at an update id. */
export interface RecordedBookTicker {
  kind: 'BOOK_TICKER';
  updateId: number;
  bid: RecordedLevel;
  ask: RecordedLevel;
}

export type RecordedFrame = RecordedTrade | RecordedDepthUpdate | RecordedDepthSnapshot | RecordedBookTicker;

/** The venue's spelling: a frame of a stream, or the bare answer of its depth request. */
type RawFrame = { data: RawTrade | RawDepthUpdate | RawBookTicker } | RawDepthSnapshot;
type RawTrade = { e: 'trade'; t: number; p: string; q: string; T: number; m: boolean };
type RawDepthUpdate = { e: 'depthUpdate'; U: number; u: number; b: RecordedLevel[]; a: RecordedLevel[] };
type RawBookTicker = { e?: never; u: number; b: string; B: string; a: string; A: string };
type RawDepthSnapshot = { lastUpdateId: number; bids: RecordedLevel[]; asks: RecordedLevel[] };

export function* readFrames(file: string): Generator<RecordedFrame> {
  const lines = gunzipSync(new Uint8Array(readFileSync(file)))
    .toString()
    .split('\n');
  // What follows the last line break is empty or was cut off.
  lines.pop();
  for (const line of lines) yield frameOf(JSON.parse(line.slice(line.indexOf(' ') + 1)));
}

export function readTrades(file: string): RecordedTrade[] {
  const trades: RecordedTrade[] = [];
  for (const frame of readFrames(file)) if (frame.kind === 'TRADE') trades.push(frame);
  return trades;
}

function frameOf(raw: RawFrame): RecordedFrame {
  if (!('data' in raw)) return { kind: 'DEPTH_SNAPSHOT', ...raw };
  const { data } = raw;
  switch (data.e) {
    case 'trade':
      return {
        kind: 'TRADE',
        tradeId: data.t,
        price: data.p,
        quantity: data.q,
        time: data.T,
        buyerIsMaker: data.m,
      };
    case 'depthUpdate':
      return {
        kind: 'DEPTH_UPDATE',
        firstUpdateId: data.U,
        lastUpdateId: data.u,
        bids: data.b,
        asks: data.a,
      };
    case undefined:
      return { kind: 'BOOK_TICKER', updateId: data.u, bid: [data.b, data.B], ask: [data.a, data.A] };
    default:
      throw new Error(`unknown frame: ${JSON.stringify(raw)}`);
  }
}
