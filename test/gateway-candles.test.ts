/** Candles and the ticker: what goes on by the clock, also where nothing happens. */
import { mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { LiveMarket } from '../api/live-market.js';
import { MarketCandles } from '../api/market-candles.js';
import { KlineStream } from '../api/ws/kline-stream.js';
import type { Missed } from '../api/ws/stream.js';
import { INTERVALS, type Interval, nextOpenTime, openTime } from '../shared/domain/klines.js';
import { KEPT_CANDLES, LiveCandles } from '../shared/domain/live-candles.js';
import { aTrade, BOOK_TICKER, candlesOf, SCALE, world } from './gateway-world.js';
import { eventually, type Kline, type WsClient } from './ws-client.js';

const TICKER = 'btc_usdt@ticker';

const KLINE = 'btc_usdt@kline_1s';

/** What a reader of a kline stream has been told. */
function klines(client: WsClient, stream = KLINE): Kline[] {
  return client.data(stream).map(({ k }) => k!);
}

/** The candles that were closed. */
function closedOf(client: WsClient): Kline[] {
  return klines(client).filter(({ x }) => x);
}

/** Each once, one second after the other. */
function followEachOther(t: Test, closed: readonly Kline[]): void {
  for (const [index, candle] of closed.slice(1).entries()) t.equal(candle.t, closed[index]!.T + 1);
}

t.test('the ticker, once a second, also where nothing happens', async t => {
  const { fake, connect } = await world(t, {
    trades: [{ ...aTrade(1), price: 4_000_000, time: Date.now() }],
  });
  await fake.change({ bids: [[5_000_000, 150_000]], trades: [[5_000_000, 20]] });
  const client = await connect();
  await client.ask('SUBSCRIBE', [TICKER]);
  await eventually(() => client.data(TICKER).length === 3);
  const { openTime, closeTime, ...ticker } = client.data(TICKER).at(-1) as unknown as Record<string, number>;
  t.same(ticker, {
    market: 'BTC_USDT',
    open: '40000.00',
    high: '50000.00',
    low: '40000.00',
    last: '50000.00',
    volume: '0.00021000',
    quoteVolume: '10.40000000',
    change: '10000.00',
    changePercent: '25.00',
    trades: 2,
    bid: '50000.00',
    bidQuantity: '1.50000',
    ask: null,
    askQuantity: null,
  });
  t.equal(openTime! % 60_000, 0);
  t.ok(Math.abs(closeTime! - Date.now()) < 5_000);
});

t.test('candles go on and close once, also where nothing trades', async t => {
  const { fake, connect } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [KLINE, ...INTERVALS.map(interval => `btc_usdt@kline_${interval}`)]);
  await sleep(1200);
  t.same(client.messages.slice(1), [], 'nothing before the first trade');
  await fake.change({ trades: [[5_000_000, 20]] });
  await fake.change({ trades: [[4_900_000, 10]] });
  await eventually(() => closedOf(client).length >= 3);
  followEachOther(t, closedOf(client));
  const traded = closedOf(client).filter(({ n }) => n > 0);
  t.equal(
    traded.reduce((sum, { n }) => sum + n, 0),
    2,
  );
  const flat = closedOf(client).at(-1)!;
  t.match(flat, {
    s: 'BTC_USDT',
    i: '1s',
    o: '49000.00',
    c: '49000.00',
    v: '0.00000000',
    n: 0,
    f: '-1',
    L: '-1',
  });
  const [day] = klines(client, 'btc_usdt@kline_1d');
  t.match(klines(client, 'btc_usdt@kline_1d').at(-1), {
    ...{ o: '50000.00', h: '50000.00', l: '49000.00', c: '49000.00', v: '0.00030000', q: '14.90000000' },
    ...{ V: '0.00030000', Q: '14.90000000', n: 2, f: '1', L: '2', x: false },
  });
  t.equal(day!.T - day!.t, 86_399_999);
  for (const interval of INTERVALS) t.ok(klines(client, `btc_usdt@kline_${interval}`).length > 0, interval);
});

t.test('a candle does not close before all that happened in it was heard', async t => {
  const { fake, connect } = await world(t, { trades: [aTrade(1)] });
  const client = await connect();
  await client.ask('SUBSCRIBE', [KLINE]);
  await eventually(() => closedOf(client).length > 0);
  fake.answers = false;
  const unanswered = closedOf(client).length + 1;
  const { time } = await fake.change({ trades: [[5_000_000, 20]] }, { publish: false });
  await sleep(1500);
  t.ok(closedOf(client).length <= unanswered, 'the engine has not said that nothing more comes');
  await fake.change({ trades: [[5_000_000, 20]] });
  fake.answers = true;
  await eventually(() => closedOf(client).some(({ t, n }) => t > time && n === 0), 20_000);
  followEachOther(t, closedOf(client));
  t.equal(
    closedOf(client).reduce((sum, { n }) => sum + n, 0),
    2,
    'the trade whose message was lost is in its candle',
  );
});

t.test('candles over a lost connection', async t => {
  const { fake, proxy, connect } = await world(t, { trades: [aTrade(1)] });
  const client = await connect();
  await client.ask('SUBSCRIBE', [KLINE, BOOK_TICKER]);
  await eventually(() => closedOf(client).length > 0);
  proxy.cut();
  for (let i = 0; i < 3; i++) await fake.change({ bids: [[1, i + 1]], trades: [[5_000_000, 1]] });
  await eventually(() => closedOf(client).reduce((sum, { n }) => sum + n, 0) === 3);
  await eventually(() => closedOf(client).at(-1)!.n === 0);
  followEachOther(t, closedOf(client));
  t.match(client.data(BOOK_TICKER).at(-1), { u: fake.updateId, b: '0.01', B: '0.00003' });
});

/** A candle stream alone, on trades and a clock of the test's own. */
function aKlineStream(t: Test, interval: Interval) {
  const live = new LiveCandles();
  const market = { scale: SCALE, ready: true, trades: { isUpToDate: true }, candles: { live } };
  mock.timers.enable({ apis: ['Date'], now: openTime(interval, Date.UTC(2024, 1, 29, 12)) });
  t.teardown(() => mock.timers.reset());
  let tradeId = 0;
  return {
    stream: new KlineStream('', market as unknown as LiveMarket, interval),
    /** The same market's, as another gateway has it. */
    again: () => new KlineStream('', market as unknown as LiveMarket, interval),
    /** Begins the candle that is so many after the one of now. */
    later: (candles = 1): number => {
      let open = openTime(interval, Date.now());
      for (let i = 0; i < candles; i++) open = nextOpenTime(interval, open);
      mock.timers.setTime(open);
      return open;
    },
    trade: (time: number) =>
      live.add({ tradeId: ++tradeId, price: 1, baseAmount: 1n, quoteAmount: 1n, time, buyerIsMaker: true }),
  };
}

/** `[open time, trades, whether it is closed]` each; what is no list of messages stays as it is. */
function toldOf(messages: Missed): unknown {
  if (typeof messages === 'string') return messages;
  const candles: Kline[] = messages.map(text => JSON.parse(text).data.k);
  return candles.map(({ t, n, x }) => [t, n, x]);
}

t.test('of all sixteen intervals each candle closes once, a quiet one too, and after a restart', async t => {
  for (const interval of INTERVALS) {
    await t.test(interval, async t => {
      const { stream, again, later, trade } = aKlineStream(t, interval);
      const first = Date.now();
      trade(first);
      t.same(toldOf(stream.missedSince(stream.position())), [[first, 1, false]]);
      trade(first + 999);
      t.same(toldOf(stream.beat(first)), [[first, 2, false]]);
      t.same(toldOf(stream.beat(first)), [], 'nothing has changed');
      const second = later();
      t.same(toldOf(stream.beat(second - 1)), [], 'not before everything was heard');
      t.same(toldOf(stream.beat(second)), [
        [first, 2, true],
        [second, 0, false],
      ]);
      t.same(toldOf(stream.beat(second)), []);
      const restarted = again();
      t.same(toldOf(restarted.missedSince(restarted.position())), [[second, 0, false]]);
      const third = later();
      for (const one of [stream, restarted]) t.match(toldOf(one.beat(third)), [[second, 0, true]]);
      for (const one of [stream, restarted]) t.same(toldOf(one.beat(third)), []);
    });
  }
});

t.test('who was too slow is told of no candle as closed before all of it was heard', async t => {
  const { stream, later, trade } = aKlineStream(t, '1m');
  const first = Date.now();
  trade(first);
  const position = stream.position();
  stream.beat(first);
  stream.rest();
  const second = later();
  t.same(toldOf(stream.missedSince(position)), [[first, 1, false]], 'the only reader');
  trade(second - 1);
  t.same(toldOf(stream.beat(second)), [
    [first, 2, true],
    [second, 0, false],
  ]);

  stream.rest();
  const third = later();
  t.same(stream.position(), third, 'another reader comes first');
  t.same(toldOf(stream.missedSince(second)), 'WAIT');
  t.same(toldOf(stream.beat(0)), [[third, 0, false]], 'the engine does not answer');
  t.same(toldOf(stream.missedSince(second)), 'WAIT');
  trade(third - 1);
  stream.beat(third);
  t.same(toldOf(stream.missedSince(second)), [
    [second, 1, true],
    [third, 0, false],
  ]);

  stream.rest();
  later(KEPT_CANDLES);
  t.same(toldOf(stream.missedSince(third)), [[third, 0, false]]);
  stream.rest();
  later();
  t.same(toldOf(stream.missedSince(third)), 'BEHIND', 'so many are not kept');
});

t.test('who was too slow is told of each candle also where the clock was set back meanwhile', async t => {
  const { stream, later, trade } = aKlineStream(t, '1m');
  const first = Date.now();
  trade(first);
  const position = stream.position();
  const second = later();
  const third = later();
  stream.beat(third);
  mock.timers.setTime(first);
  t.same(toldOf(stream.missedSince(position)), [
    [first, 1, true],
    [second, 0, true],
    [third, 0, false],
  ]);
});

t.test('candles are not known while a trade is neither heard nor stored', async t => {
  const trades = [1, 2].map(aTrade);
  let stored = 1;
  const candles = new MarketCandles(
    SCALE,
    async () => candlesOf(trades.slice(0, stored)),
    () => {},
  );
  t.teardown(() => candles.stop());
  candles.reach(2);
  await sleep(20);
  candles.receive(trades.slice(0, 1));
  await sleep(250);
  t.equal(candles.live, undefined, 'also when an older one is heard late');
  stored = 2;
  await eventually(() => candles.live?.lastTradeId === 2);
});
