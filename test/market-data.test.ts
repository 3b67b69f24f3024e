/**
 * The folds against what a venue really published: Binance spot BTCUSDT across the end of 2024-08-08 UTC.
 * The recording lies beside the repository (see its README there); without it these tests are skipped.
 */
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { type RecordedTrade, readFrames, readTrades } from '../scripts/recording.js';
import { DepthFold } from '../shared/domain/depth.js';
import {
  addTrade,
  type Candle,
  candleOf,
  closeTime,
  INTERVALS,
  type Interval,
  type KlineTrade,
  merge,
  openTime,
} from '../shared/domain/klines.js';
import { ASSET_DECIMALS, FILES, level, readDepth, skip, TICK_DECIMALS, toUnits } from './venue.js';

const LOT_DECIMALS = 5;
/** A lot in the base asset's units, a tick times a lot in the quote asset's, both of 8 decimals. */
const BASE_UNITS_PER_LOT = 1_000n;
const QUOTE_UNITS_PER_TICK_LOT = 10n;

/**
 * The venue's own two whole candles: open time, o, h, l, c, volume, close time, quote volume, trades, taker
 * buys.
 */
const PUBLISHED_5M = [
  '1723161300000 61828.00 61860.80 61583.22 61685.99 199.42863 1723161599999 12304668.0254055 8863 90.18301 5563967.3332507',
  '1723161600000 61686.00 61744.37 61556.04 61607.99 221.61722 1723161899999 13660105.0129976 9913 106.05627 6536638.2415905',
];
const TRADES = 19_904;
/** As in the published rows: the trades whose time lies between their open and close times. */
const FIRST_OPEN = 1_723_161_300_000;
const LAST_CLOSE = 1_723_161_899_999;

t.test('decimals become integers exactly, or not at all', async t => {
  t.equal(toUnits('61837.63000000', TICK_DECIMALS), 6_183_763n);
  t.equal(toUnits('0.00001', LOT_DECIMALS), 1n);
  t.equal(toUnits('12', TICK_DECIMALS), 1_200n);
  t.throws(() => toUnits('61837.63100000', TICK_DECIMALS));
  for (const text of ['1e3', '0x10', '-1', '1.', '.5', ''])
    t.throws(() => toUnits(text, TICK_DECIMALS), text);
});

t.test('a recording whose last line is cut off', async t => {
  const trade = '1 {"stream":"s","data":{"e":"trade","t":7,"p":"1.00","q":"2.0","T":3,"m":true}}';
  const ticker = '2 {"stream":"s","data":{"u":9,"b":"1","B":"2","a":"3","A":"4"}}';
  const folder = t.testdir({
    cut: gzipSync(`${trade}\n${ticker}\n${trade.slice(0, 40)}`),
    broken: gzipSync(`${trade.slice(0, 40)}\n${ticker}\n`),
    unknown: gzipSync('1 {"stream":"s","data":{"e":"other"}}\n'),
  });
  t.strictSame(
    [...readFrames(resolve(folder, 'cut'))],
    [
      { kind: 'TRADE', tradeId: 7, price: '1.00', quantity: '2.0', time: 3, buyerIsMaker: true },
      { kind: 'BOOK_TICKER', updateId: 9, bid: ['1', '2'], ask: ['3', '4'] },
    ],
  );
  t.throws(() => [...readFrames(resolve(folder, 'broken'))], SyntaxError);
  t.throws(() => [...readFrames(resolve(folder, 'unknown'))], /unknown frame/);
});

t.test('the recorded trades give the published candles', { skip }, async t => {
  const trades = FILES.flatMap(readTrades);
  t.equal(trades.length, TRADES);
  const candles = fold('5m', trades.map(klineTrade));
  const whole = candles.filter(candle => candle.openTime >= FIRST_OPEN && candle.openTime <= LAST_CLOSE);
  t.strictSame(whole.map(published), PUBLISHED_5M.map(publishedRow));

  const inside = trades.filter(trade => trade.time >= FIRST_OPEN && trade.time <= LAST_CLOSE);
  t.equal(whole[0]?.firstTradeId, inside[0]?.tradeId);
  t.equal(whole[1]?.lastTradeId, inside.at(-1)?.tradeId);
  t.equal(whole[1]?.firstTradeId, whole[0]!.lastTradeId + 1, 'no trade between the two');
});

t.test('a longer candle is the merge of the shorter ones in it', { skip }, async t => {
  const trades = FILES.flatMap(readTrades).map(klineTrade);
  const folds = INTERVALS.map(interval => ({ interval, candles: fold(interval, trades) }));
  for (const [index, longer] of folds.entries()) {
    const shorter = folds
      .slice(0, index)
      .filter(({ interval, candles }) => nested(interval, candles, longer.interval));
    for (const { interval, candles } of shorter) {
      t.strictSame(
        mergeInto(longer.interval, candles),
        longer.candles,
        `${interval} into ${longer.interval}`,
      );
    }
    t.equal(shorter.length > 0, index > 0, `${longer.interval} was compared with ${shorter.length} others`);
  }
});

t.test('the recorded depth follows the snapshot and agrees with every book ticker', { skip }, async t => {
  const { snapshot, updates, tickers } = readDepth();
  const fold = new DepthFold();
  fold.reset(snapshot);
  const lowestKnown = snapshot.bids.at(-1)![0];
  const faults: string[] = [];
  const results = { APPLIED: 0, STALE: 0, GAP: 0 };
  const compared = { sameId: 0, inForce: 0 };
  let next = 0;
  for (const update of updates) {
    const result = fold.apply(update);
    results[result] += 1;
    if (result !== 'APPLIED') continue;
    const [bid, ask] = [fold.best('bids'), fold.best('asks')];
    if (!bid || !ask || bid[0] >= ask[0]) faults.push(`crossed at ${update.lastUpdateId}: ${bid} ${ask}`);

    // A ticker comes whenever the best of a side changes, so the newest at or below the update's id is in
    // force; but below the snapshot's 1,000 bids rest levels that no frame has named yet, and there only some
    // can agree.
    while (next < tickers.length && tickers[next]!.updateId <= update.lastUpdateId) next += 1;
    const ticker = tickers[next - 1]!;
    const tickerBid = level(ticker.bid);
    if (ticker.updateId === update.lastUpdateId) compared.sameId += 1;
    else if (tickerBid[0] >= lowestKnown) compared.inForce += 1;
    else continue;
    const [ours, theirs] = [`${bid} ${ask}`, `${tickerBid} ${level(ticker.ask)}`];
    if (ours !== theirs)
      faults.push(`at ${update.lastUpdateId}: ${ours}, ticker ${ticker.updateId}: ${theirs}`);
  }
  t.strictSame(faults, []);
  t.strictSame(results, { APPLIED: 6_493, STALE: 2, GAP: 0 });
  t.strictSame(compared, { sameId: 1_072, inForce: 4_663 });
});

t.test('one lost update is a gap', { skip }, async t => {
  const { snapshot, updates } = readDepth();
  const fold = new DepthFold();
  fold.reset(snapshot);
  const fresh = updates.filter(update => update.lastUpdateId > snapshot.lastUpdateId);
  for (const update of fresh.slice(0, 100)) fold.apply(update);
  const before = {
    id: fold.lastUpdateId,
    bids: fold.levels('bids', 5_000),
    asks: fold.levels('asks', 5_000),
  };
  for (const update of fresh.slice(101, 110)) t.equal(fold.apply(update), 'GAP');
  t.strictSame(
    { id: fold.lastUpdateId, bids: fold.levels('bids', 5_000), asks: fold.levels('asks', 5_000) },
    before,
    'nothing changed',
  );
  t.equal(fold.apply(fresh[100]!), 'APPLIED');
  t.equal(fold.apply(fresh[101]!), 'APPLIED');
});

function klineTrade(trade: RecordedTrade): KlineTrade {
  const price = toUnits(trade.price, TICK_DECIMALS);
  const lots = toUnits(trade.quantity, LOT_DECIMALS);
  return {
    tradeId: trade.tradeId,
    price: Number(price),
    baseAmount: lots * BASE_UNITS_PER_LOT,
    quoteAmount: price * lots * QUOTE_UNITS_PER_TICK_LOT,
    time: trade.time,
    buyerIsMaker: trade.buyerIsMaker,
  };
}

/** The candles of the trades, as the writer makes them: one open at a time. */
function fold(interval: Interval, trades: KlineTrade[]): Candle[] {
  const candles: Candle[] = [];
  for (const trade of trades) {
    const last = candles.at(-1);
    if (last?.openTime === openTime(interval, trade.time)) addTrade(last, trade);
    else candles.push(candleOf(interval, trade));
  }
  return candles;
}

/** Whether each of the candles lies within one candle of the longer interval. */
function nested(interval: Interval, candles: Candle[], longer: Interval): boolean {
  return candles.every(
    candle => openTime(longer, candle.openTime) === openTime(longer, closeTime(interval, candle.openTime)),
  );
}

function mergeInto(longer: Interval, candles: Candle[]): Candle[] {
  const merged: Candle[] = [];
  for (const candle of candles) {
    const widened = { ...candle, openTime: openTime(longer, candle.openTime) };
    const last = merged.at(-1);
    if (last?.openTime === widened.openTime) merged[merged.length - 1] = merge(last, widened);
    else merged.push(widened);
  }
  return merged;
}

/** A candle in the order and units of the venue's rows. */
function published(candle: Candle) {
  return [
    candle.openTime,
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.volume,
    closeTime('5m', candle.openTime),
    candle.quoteVolume,
    candle.trades,
    candle.takerBuyVolume,
    candle.takerBuyQuoteVolume,
  ];
}

function publishedRow(row: string) {
  const text = row.split(' ');
  const price = (index: number) => Number(toUnits(text[index]!, TICK_DECIMALS));
  const amount = (index: number) => toUnits(text[index]!, ASSET_DECIMALS);
  const prices = [1, 2, 3, 4].map(price);
  return [
    Number(text[0]),
    ...prices,
    amount(5),
    Number(text[6]),
    amount(7),
    Number(text[8]),
    amount(9),
    amount(10),
  ];
}
