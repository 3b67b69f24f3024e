/**
 * The kline and depth folds: the edges of the calendar as tables, the laws on random input against plain
 * models.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Level } from '../shared/domain/answers.js';
import { DepthFold, type DepthResult, type DepthUpdate } from '../shared/domain/depth.js';
import {
  addTrade,
  type Candle,
  candleOf,
  closeTime,
  fillGaps,
  flatCandle,
  INTERVALS,
  type Interval,
  isInterval,
  type KlineTrade,
  merge,
  nextOpenTime,
  openTime,
} from '../shared/domain/klines.js';
import { dayOpenTime, KEPT_CANDLES, LiveCandles } from '../shared/domain/live-candles.js';

const A_TRADE: KlineTrade = {
  tradeId: 1,
  price: 1,
  baseAmount: 1n,
  quoteAmount: 1n,
  time: 0,
  buyerIsMaker: false,
};
const END_OF_9999_MS = Date.UTC(10_000, 0) - 1;
const LENGTH_OF_1970_MS = 365 * 86_400_000;

t.test('intervals are the sixteen and no others', async t => {
  t.equal(INTERVALS.length, 16);
  t.ok(INTERVALS.every(isInterval));
  for (const text of ['', '1M ', '2m', '1y', '1S', 'constructor']) t.notOk(isInterval(text), text);
});

t.test('where candles open and close', async t => {
  const table = `
    1s  | 2024-08-08T23:59:59.999 | 2024-08-08T23:59:59.000 | 2024-08-08T23:59:59.999
    1m  | 2024-08-09T00:00:00.000 | 2024-08-09T00:00:00.000 | 2024-08-09T00:00:59.999
    3m  | 2024-08-08T23:59:59.999 | 2024-08-08T23:57:00.000 | 2024-08-08T23:59:59.999
    5m  | 2024-08-08T23:55:00.000 | 2024-08-08T23:55:00.000 | 2024-08-08T23:59:59.999
    15m | 2024-08-08T23:44:59.999 | 2024-08-08T23:30:00.000 | 2024-08-08T23:44:59.999
    30m | 2024-08-08T23:44:59.999 | 2024-08-08T23:30:00.000 | 2024-08-08T23:59:59.999
    1h  | 2024-08-08T23:00:00.000 | 2024-08-08T23:00:00.000 | 2024-08-08T23:59:59.999
    2h  | 2024-08-08T23:00:00.000 | 2024-08-08T22:00:00.000 | 2024-08-08T23:59:59.999
    4h  | 2024-08-08T19:59:59.999 | 2024-08-08T16:00:00.000 | 2024-08-08T19:59:59.999
    6h  | 2024-08-08T18:00:00.000 | 2024-08-08T18:00:00.000 | 2024-08-08T23:59:59.999
    8h  | 2024-08-08T15:59:59.999 | 2024-08-08T08:00:00.000 | 2024-08-08T15:59:59.999
    12h | 2024-08-08T12:00:00.000 | 2024-08-08T12:00:00.000 | 2024-08-08T23:59:59.999
    1d  | 2024-02-29T12:00:00.000 | 2024-02-29T00:00:00.000 | 2024-02-29T23:59:59.999
    1d  | 2024-12-31T23:59:59.999 | 2024-12-31T00:00:00.000 | 2024-12-31T23:59:59.999
    3d  | 1970-01-03T23:59:59.999 | 1970-01-01T00:00:00.000 | 1970-01-03T23:59:59.999
    3d  | 1970-01-04T00:00:00.000 | 1970-01-04T00:00:00.000 | 1970-01-06T23:59:59.999
    3d  | 2025-01-01T00:00:00.000 | 2024-12-31T00:00:00.000 | 2025-01-02T23:59:59.999
    1w  | 1970-01-01T00:00:00.000 | 1969-12-29T00:00:00.000 | 1970-01-04T23:59:59.999
    1w  | 2024-08-04T23:59:59.999 | 2024-07-29T00:00:00.000 | 2024-08-04T23:59:59.999
    1w  | 2024-08-05T00:00:00.000 | 2024-08-05T00:00:00.000 | 2024-08-11T23:59:59.999
    1w  | 2025-01-01T00:00:00.000 | 2024-12-30T00:00:00.000 | 2025-01-05T23:59:59.999
    1M  | 1970-01-01T00:00:00.000 | 1970-01-01T00:00:00.000 | 1970-01-31T23:59:59.999
    1M  | 2023-02-28T23:59:59.999 | 2023-02-01T00:00:00.000 | 2023-02-28T23:59:59.999
    1M  | 2024-02-28T23:59:59.999 | 2024-02-01T00:00:00.000 | 2024-02-29T23:59:59.999
    1M  | 2024-02-29T23:59:59.999 | 2024-02-01T00:00:00.000 | 2024-02-29T23:59:59.999
    1M  | 2024-03-01T00:00:00.000 | 2024-03-01T00:00:00.000 | 2024-03-31T23:59:59.999
    1M  | 2000-02-15T00:00:00.000 | 2000-02-01T00:00:00.000 | 2000-02-29T23:59:59.999
    1M  | 2000-02-29T00:00:00.000 | 2000-02-01T00:00:00.000 | 2000-02-29T23:59:59.999
    1M  | 2100-02-15T00:00:00.000 | 2100-02-01T00:00:00.000 | 2100-02-28T23:59:59.999
    1M  | 2024-04-30T23:59:59.999 | 2024-04-01T00:00:00.000 | 2024-04-30T23:59:59.999
    1M  | 2024-12-31T23:59:59.999 | 2024-12-01T00:00:00.000 | 2024-12-31T23:59:59.999
    1M  | 2025-01-01T00:00:00.000 | 2025-01-01T00:00:00.000 | 2025-01-31T23:59:59.999`;
  for (const row of table.trim().split('\n')) {
    const [interval, time, opens, closes] = row.split('|').map(cell => cell.trim());
    const open = openTime(interval as Interval, utc(time!));
    t.equal(open, utc(opens!), `open: ${row}`);
    t.equal(closeTime(interval as Interval, open), utc(closes!), `close: ${row}`);
  }
});

law(
  'every time lies in exactly one candle',
  fc.property(fc.constantFrom(...INTERVALS), anyTime(), (interval, time) => {
    const open = openTime(interval, time);
    const next = nextOpenTime(interval, open);
    assert(open <= time && time < next);
    assert.equal(closeTime(interval, open), next - 1);
    assert.equal(openTime(interval, next), next);
    assert.equal(openTime(interval, Math.max(0, open)), open);
    assert.equal(openTime(interval, next - 1), open);
  }),
);

law(
  'months and weeks are those of the calendar',
  fc.property(anyTime(), time => {
    const date = new Date(time);
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
    const sinceMonday = (date.getUTCDay() + 6) % 7;
    assert.equal(openTime('1M', time), Date.UTC(year, month));
    assert.equal(nextOpenTime('1M', Date.UTC(year, month)), Date.UTC(year, month + 1));
    assert.equal(openTime('1w', time), Date.UTC(year, month, day - sinceMonday));
  }),
);

t.test('the fold of a few trades, in every field', async t => {
  const trades: KlineTrade[] = [
    { tradeId: 7, price: 100, baseAmount: 2n, quoteAmount: 200n, time: 60_000, buyerIsMaker: true },
    { tradeId: 8, price: 90, baseAmount: 3n, quoteAmount: 270n, time: 60_001, buyerIsMaker: false },
    { tradeId: 9, price: 120, baseAmount: 5n, quoteAmount: 600n, time: 119_000, buyerIsMaker: false },
    { tradeId: 10, price: 110, baseAmount: 7n, quoteAmount: 770n, time: 119_999, buyerIsMaker: true },
  ];
  t.strictSame(candleOfAll('1m', trades), {
    openTime: 60_000,
    open: 100,
    high: 120,
    low: 90,
    close: 110,
    volume: 17n,
    quoteVolume: 1_840n,
    trades: 4,
    takerBuyVolume: 8n,
    takerBuyQuoteVolume: 870n,
    firstTradeId: 7,
    lastTradeId: 10,
  });
});

law(
  'however the trades of a candle are cut, the merged parts are the whole',
  fc.property(tradesOfOneCandle(INTERVALS), fc.infiniteStream(fc.boolean()), ({ interval, trades }, cuts) => {
    const parts = cut(trades, () => cuts.next().value).map(part => candleOfAll(interval, part));
    const before = structuredClone(parts);
    const whole = candleOfAll(interval, trades);
    assert.deepEqual(
      parts.reduce((earlier, later) => merge(earlier, later)),
      whole,
    );
    assert.deepEqual(
      parts.reduceRight((later, earlier) => merge(earlier, later)),
      whole,
    );
    assert.deepEqual(parts, before, 'the parts are untouched');
  }),
);

law(
  'a longer candle is the merge of the shorter ones in it',
  fc.property(
    tradesOfOneCandle(['1d', '3d', '1w', '1M']),
    fc.constantFrom<Interval>('1s', '15m', '8h', '1d'),
    ({ interval, trades }, shorter) => {
      const inTwo = (left: KlineTrade, right: KlineTrade) =>
        openTime(shorter, left.time) !== openTime(shorter, right.time);
      const parts = cut(trades, inTwo).map(part => candleOfAll(shorter, part));
      const widened = parts.map(part => ({ ...part, openTime: openTime(interval, part.openTime) }));
      const merged = widened.reduce((earlier, later) => merge(earlier, later));
      assert.deepEqual(merged, candleOfAll(interval, trades));
    },
  ),
);

t.test('gaps are filled with flat candles', async t => {
  const minute = (count: number) => count * 60_000;
  const traded = (count: number, open: number, close: number): Candle =>
    merge(
      candleOf('1m', { ...A_TRADE, tradeId: count * 2, price: open, time: minute(count) }),
      candleOf('1m', { ...A_TRADE, tradeId: count * 2 + 1, price: close, time: minute(count) }),
    );
  const [second, fifth] = [traded(2, 100, 103), traded(5, 90, 95)];
  const fill = (candles: Candle[], from: number, to: number, limit: number, previousClose?: number) =>
    fillGaps('1m', candles, { from, to, limit, previousClose });

  t.strictSame(
    fill([second, fifth], minute(0), minute(6), 1_000, 80),
    [
      flatCandle(minute(0), 80),
      flatCandle(minute(1), 80),
      second,
      flatCandle(minute(3), 103),
      flatCandle(minute(4), 103),
      fifth,
      flatCandle(minute(6), 95),
    ],
    'before, between and after',
  );
  t.strictSame(
    fill([second, fifth], minute(0), minute(5), 1_000),
    [second, flatCandle(minute(3), 103), flatCandle(minute(4), 103), fifth],
    'nothing before the first trade',
  );
  t.strictSame(
    fill([second, fifth], minute(0), minute(6), 3, 80).at(-1),
    second,
    'the oldest, up to the limit',
  );
  t.strictSame(
    fill([], minute(0) + 1, minute(2) - 1, 1_000, 80),
    [flatCandle(minute(1), 80)],
    'only whole opens',
  );
  t.strictSame(fill([], minute(0), minute(2), 1_000), [], 'never traded');
  t.strictSame(fill([], minute(2), minute(1), 1_000, 80), [], 'an empty range');
  t.strictSame(fill([second], minute(0), END_OF_9999_MS, 1_000).length, 1_000, 'an endless range');
  t.strictSame(
    fillGaps('1M', [], { from: utc('2024-01-31'), to: utc('2024-04-01'), limit: 10, previousClose: 7 }).map(
      candle => candle.openTime,
    ),
    [utc('2024-02-01'), utc('2024-03-01'), utc('2024-04-01')],
    'months',
  );
  t.strictSame(flatCandle(minute(1), 80), {
    openTime: 60_000,
    open: 80,
    high: 80,
    low: 80,
    close: 80,
    volume: 0n,
    quoteVolume: 0n,
    trades: 0,
    takerBuyVolume: 0n,
    takerBuyQuoteVolume: 0n,
    firstTradeId: -1,
    lastTradeId: -1,
  });
});

t.test('which updates the depth takes', async t => {
  const update = (firstUpdateId: number, lastUpdateId: number): DepthUpdate => ({
    firstUpdateId,
    lastUpdateId,
    bids: [[9, lastUpdateId]],
    asks: [],
  });
  const table: [firstUpdateId: number, lastUpdateId: number, result: DepthResult, lastUpdateId: number][] = [
    [90, 99, 'STALE', 100],
    [90, 100, 'STALE', 100],
    [90, 101, 'APPLIED', 101],
    [100, 110, 'APPLIED', 110],
    [101, 101, 'APPLIED', 101],
    [101, 110, 'APPLIED', 110],
    [102, 102, 'GAP', 100],
    [102, 110, 'GAP', 100],
  ];
  for (const [first, last, result, after] of table) {
    const fold = new DepthFold();
    fold.reset({ lastUpdateId: 100, bids: [[9, 1]], asks: [[10, 1]] });
    t.equal(fold.apply(update(first, last)), result, `${first}..${last}`);
    t.equal(fold.lastUpdateId, after);
    t.strictSame(fold.best('bids'), [9, result === 'APPLIED' ? last : 1]);
  }
  const empty = new DepthFold();
  t.equal(empty.best('asks'), undefined);
  t.equal(empty.apply(update(2, 2)), 'GAP', 'a new fold is the empty book at 0');
  t.equal(empty.apply(update(1, 1)), 'APPLIED');
});

law(
  'the depth is a map of prices to quantities, sorted',
  fc.property(fc.array(depthStep()), fc.nat(50), (steps, limit) => {
    const fold = new DepthFold();
    const model = { lastUpdateId: 0, bids: new Map<number, number>(), asks: new Map<number, number>() };
    for (const { snapshot, skipped, length, bids, asks } of steps) {
      const firstUpdateId = model.lastUpdateId + 1 + skipped;
      const lastUpdateId = firstUpdateId + length - 1;
      if (snapshot) {
        model.bids.clear();
        model.asks.clear();
        fold.reset({ lastUpdateId, bids: bids.filter(isThere), asks: asks.filter(isThere) });
      } else {
        const expected = lastUpdateId <= model.lastUpdateId ? 'STALE' : skipped > 0 ? 'GAP' : 'APPLIED';
        assert.equal(fold.apply({ firstUpdateId, lastUpdateId, bids, asks }), expected);
        if (expected !== 'APPLIED') continue;
      }
      for (const [price, quantity] of bids) model.bids.set(price, quantity);
      for (const [price, quantity] of asks) model.asks.set(price, quantity);
      model.lastUpdateId = lastUpdateId;

      const modelBids = [...model.bids].filter(isThere).sort(([a], [b]) => b - a);
      const modelAsks = [...model.asks].filter(isThere).sort(([a], [b]) => a - b);
      assert.equal(fold.lastUpdateId, lastUpdateId);
      assert.deepEqual(fold.levels('bids', limit), modelBids.slice(0, limit));
      assert.deepEqual(fold.levels('asks', limit), modelAsks.slice(0, limit));
      assert.deepEqual([fold.best('bids'), fold.best('asks')], [modelBids[0], modelAsks[0]]);
    }
  }),
);

/** A test that the property holds; where it fails, the error names the seed and the smallest case found. */
function law<T>(name: string, property: fc.IProperty<T>): void {
  t.test(name, async t => {
    fc.assert(property, { numRuns: 1_000 });
    t.pass('held in every case tried');
  });
}

function utc(text: string): number {
  return Date.parse(text.includes('T') ? `${text}Z` : text);
}

function isThere([, quantity]: Level): boolean {
  return quantity > 0;
}

/** The fold of trades of one candle. */
function candleOfAll(interval: Interval, [first, ...rest]: KlineTrade[]): Candle {
  const candle = candleOf(interval, first!);
  for (const trade of rest) addTrade(candle, trade);
  return candle;
}

/** From 1970 to 9999, its first year as often as all others. */
function anyTime() {
  return fc.oneof(
    fc.integer({ min: 0, max: LENGTH_OF_1970_MS }),
    fc.integer({ min: 0, max: END_OF_9999_MS }),
  );
}

/** One or more trades in the order of their ids, all in one candle of one of the intervals. */
function tradesOfOneCandle(intervals: readonly Interval[]) {
  const trade = fc.record({
    place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    price: fc.integer({ min: 1, max: 1_000 }),
    baseAmount: fc.bigInt({ min: 1n, max: 2n ** 62n }),
    buyerIsMaker: fc.boolean(),
  });
  const trades = fc.array(trade, { minLength: 1, maxLength: 30 });
  return fc.tuple(fc.constantFrom(...intervals), anyTime(), trades).map(([interval, time, trades]) => {
    const from = Math.max(0, openTime(interval, time));
    const to = nextOpenTime(interval, openTime(interval, time));
    const inOrder = trades.toSorted((a, b) => a.place - b.place);
    return {
      interval,
      trades: inOrder.map(({ place, ...trade }, index) => ({
        ...trade,
        tradeId: 1_000 + index,
        quoteAmount: BigInt(trade.price) * trade.baseAmount,
        time: from + Math.floor(place * (to - from)),
      })),
    };
  });
}

/** An update, or one time in eight a snapshot, that begins `skipped` ids after the one that would follow. */
function depthStep() {
  const level = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 4 }));
  const levels = fc.uniqueArray(level, { selector: ([price]) => price, maxLength: 12 });
  return fc.record({
    snapshot: fc.nat(7).map(draw => draw === 0),
    skipped: fc.integer({ min: -3, max: 1 }),
    length: fc.integer({ min: 1, max: 4 }),
    bids: levels,
    asks: levels,
  });
}

/** The list in parts, cut between two neighbours where `isCut` says so. */
function cut(trades: KlineTrade[], isCut: (left: KlineTrade, right: KlineTrade) => boolean): KlineTrade[][] {
  const parts: KlineTrade[][] = [];
  for (const [index, trade] of trades.entries()) {
    if (index > 0 && !isCut(trades[index - 1]!, trade)) parts.at(-1)!.push(trade);
    else parts.push([trade]);
  }
  return parts;
}

t.test('live candles are those of the trades, however much of them was stored', async t => {
  const trades = fc
    .array(
      fc.record({ gap: fc.nat(90_000), price: fc.integer({ min: 1, max: 9 }), buyerIsMaker: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 60,
      },
    )
    .map(list => {
      let time = Date.UTC(2024, 7, 8, 23, 50);
      return list.map(({ gap, ...trade }, index): KlineTrade => {
        time += gap;
        return { ...trade, tradeId: index + 1, time, baseAmount: BigInt(index + 1), quoteAmount: 2n };
      });
    });
  fc.assert(
    fc.property(trades, fc.nat(60), (all, cut) => {
      const stored = Math.min(cut, all.length);
      const live = new LiveCandles();
      live.reset({ lastTradeId: stored, candles: foldedIn(all.slice(0, stored)) });
      for (const [index, trade] of all.entries()) {
        live.day(trade.time);
        live.add(trade);
        const inDay = all.slice(0, Math.max(stored, index + 1)).filter(isInDayOf(trade.time));
        if (index >= stored) assert.equal(live.day(trade.time)!.trades, inDay.length, 'also on the way');
      }
      for (const [interval, candles] of foldedIn(all)) {
        for (const candle of candles.slice(-KEPT_CANDLES))
          assert.deepEqual(live.at(interval, candle.openTime), candle);
        const { openTime, close } = candles.at(-1)!;
        const next = nextOpenTime(interval, openTime);
        assert.deepEqual(live.at(interval, next), flatCandle(next, close));
      }
      const end = all.at(-1)!.time;
      for (const now of [end, end + 12 * 3_600_000, end + 24 * 3_600_000]) {
        const inDay = all.filter(isInDayOf(now));
        assert.equal(live.day(now)!.trades, inDay.length);
        assert.equal(
          live.day(now)!.volume,
          inDay.reduce((sum, { baseAmount }) => sum + baseAmount, 0n),
        );
      }
    }),
  );
  t.pass('held in every case tried');
});

t.test('live candles refuse what does not follow', async t => {
  const live = new LiveCandles();
  t.equal(live.day(0), undefined);
  t.equal(live.at('1s', 0), undefined);
  t.equal(live.add({ ...A_TRADE, tradeId: 2 }), 'GAP');
  t.equal(live.add(A_TRADE), 'ADDED');
  t.equal(live.add(A_TRADE), 'STALE');
  t.equal(live.at('1s', 0)!.trades, 1);
});

function isInDayOf(now: number): (trade: KlineTrade) => boolean {
  return ({ time }) => openTime('1m', time) >= dayOpenTime(now);
}

function foldedIn(trades: readonly KlineTrade[]): Map<Interval, Candle[]> {
  const candlesOf = (interval: Interval) => {
    const candles: Candle[] = [];
    for (const trade of trades) {
      if (candles.at(-1)?.openTime === openTime(interval, trade.time)) addTrade(candles.at(-1)!, trade);
      else candles.push(candleOf(interval, trade));
    }
    return candles;
  };
  return new Map(INTERVALS.map(interval => [interval, candlesOf(interval)]));
}
