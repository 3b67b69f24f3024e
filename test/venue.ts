/** What a venue really published, where it is at hand: see `market-data.test.ts`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type RecordedBookTicker,
  type RecordedDepthSnapshot,
  type RecordedDepthUpdate,
  type RecordedFrame,
  type RecordedLevel,
  readFrames,
} from '../scripts/recording.js';
import type { Level } from '../shared/domain/answers.js';

export const TICK_DECIMALS = 2;
export const ASSET_DECIMALS = 8;

const FOLDER = resolve(process.cwd(), '../shared/market-data');
export const FILES = ['spot_btcusdt_20240808.gz', 'spot_btcusdt_20240809.gz'].map(name =>
  resolve(FOLDER, name),
);
export const skip = FILES.every(file => existsSync(file)) ? false : 'the recording is not there';

/**
 * The recording's snapshot, all its updates (those before the snapshot too) and all its tickers, in order.
 */
export function readDepth() {
  const frames: RecordedFrame[] = FILES.flatMap(file => [...readFrames(file)]);
  const snapshots = frames.filter((frame): frame is RecordedDepthSnapshot => frame.kind === 'DEPTH_SNAPSHOT');
  const updates = frames.filter((frame): frame is RecordedDepthUpdate => frame.kind === 'DEPTH_UPDATE');
  const tickers = frames.filter((frame): frame is RecordedBookTicker => frame.kind === 'BOOK_TICKER');
  return {
    snapshot: snapshots.map(inIntegers)[0]!,
    updates: updates.map(inIntegers),
    tickers,
  };
}

function inIntegers<Frame extends RecordedDepthSnapshot | RecordedDepthUpdate>({
  bids,
  asks,
  ...ids
}: Frame) {
  return { ...ids, bids: bids.map(level), asks: asks.map(level) };
}

/**
 * Old orders, from before the venue's lot, still rest there: so the quantity is in the asset's smallest
 * units.
 */
export function level([price, quantity]: RecordedLevel): Level {
  return [Number(toUnits(price, TICK_DECIMALS)), Number(toUnits(quantity, ASSET_DECIMALS))];
}

/** A decimal string as a whole number of units of 10^-decimals; throws where that is not exact. */
export function toUnits(text: string, decimals: number): bigint {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(?=\d)(\d*?)0*)?$/.exec(text) ?? [];
  if (whole === undefined || fraction.length > decimals)
    throw new Error(`${text} has no ${decimals} decimals`);
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}
