/**
 * The streams over real sockets and a real Redis, with a fake engine: whatever is lost on the way (messages,
 * connections, Redis itself, a reader's patience), a reader's copy of the book ends equal to the engine's.
 */

import { App, type TemplatedApp, us_socket_local_port, type WebSocketBehavior } from 'uWebSockets.js';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSigner } from 'fast-jwt';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { Catalog } from '../api/catalog.js';
import { Database } from '../api/database.js';
import { EngineClient } from '../api/engine-client.js';
import { Entrance } from '../api/http/entrance.js';
import type { ReadCandles } from '../api/market-candles.js';
import { MarketData } from '../api/market-data.js';
import { ReportLog } from '../api/report-log.js';
import { storedTrades } from '../api/stored-trades.js';
import { Tokens } from '../api/tokens.js';
import { BRIDGE_WAIT_MS, type ReadTrades, TAPE_LENGTH } from '../api/trade-tape.js';
import { attachGateway } from '../api/ws/gateway.js';
import { refusal, SOCKET_CODES } from '../api/ws/messages.js';
import { MAX_REQUESTS_PER_SECOND, MAX_STREAMS } from '../api/ws/session.js';
import { upgrader, WEBSOCKET_PATH } from '../api/ws/upgrade.js';
import { CandleFold } from '../db-writer/candles.js';
import { migrate } from '../db-writer/migrate.js';
import { OrderBook } from '../scripts/client/order-book.js';
import type { RecordedLevel } from '../scripts/recording.js';
import { startPrivateRedis } from '../scripts/running/private-redis.js';
import type { Level } from '../shared/domain/answers.js';
import type { PublicTrade } from '../shared/domain/codec.js';
import { DepthFold } from '../shared/domain/depth.js';
import type { Market } from '../shared/domain/entities.js';
import { type Candle, INTERVALS, type Interval } from '../shared/domain/klines.js';
import type { StoredCandles } from '../shared/domain/live-candles.js';
import {
  fromLots,
  fromTicks,
  type MarketScale,
  marketScale,
  toLots,
  toTicks,
} from '../shared/domain/units.js';
import { keysOf, REPORTED_COMMANDS } from '../shared/io/keys.js';
import { createPool } from '../shared/io/postgres.js';
import { redisAt } from '../shared/io/redis.js';
import { FakeEngine, marketOf } from './fake-engine.js';
import type { Body } from './stack.js';
import { TcpProxy } from './tcp-proxy.js';
import { level, readDepth, skip } from './venue.js';
import { eventually, type Kline, type StreamData, WsClient } from './ws-client.js';

const REDIS_URL = process.env.REDIS_URL!;
const SCALE: MarketScale = marketScale(marketOf('BTC_USDT'), { base: 8, quote: 8 });
const TRADE = 'btc_usdt@trade';
const DEPTH = 'btc_usdt@depth';
const BOOK_TICKER = 'btc_usdt@bookTicker';
const TICKER = 'btc_usdt@ticker';

const OWNER = { userId: 1001, email: 'a@b.c', role: 'USER' } as const;
const SECRET = 'secret';
const API_PAGE = resolve(process.cwd(), '../shared/API.md');

interface World {
  app: TemplatedApp;
  entrance: Entrance;
  /** Of the gateway. */
  url: string;
  fake: FakeEngine;
  proxy: TcpProxy;
  engine: EngineClient;
  marketData: MarketData;
  catalog: Catalog;
  reports: ReportLog;
  tokens: Tokens;
  connect(): Promise<WsClient>;
}

let worlds = 0;

interface WorldSettings {
  app?: TemplatedApp;
  redisUrl?: string;
  /** Made before the gateway starts. */
  trades?: PublicTrade[];
  /** Instead of all trades that were ever made. */
  readTrades?: ReadTrades;
  /** Instead of the candles of these. */
  readCandles?: ReadCandles;
}

/** A gateway on a market of its own. */
async function world(t: Test, settings: WorldSettings = {}): Promise<World> {
  const { redisUrl = REDIS_URL, trades = [], app = App() } = settings;
  const keys = keysOf(`gateway_${process.pid}_${++worlds}`);
  const fake = new FakeEngine(redisUrl, keys, trades);
  const proxy = await TcpProxy.start(redisUrl);
  const log = pino({ level: 'silent' });
  const engine = new EngineClient({ redis: redisAt(proxy.url), keys, instance: 'api', log });
  const catalog = new Catalog();
  const { readTrades = async (_, firstId, lastId) => trades.slice(firstId - 1, lastId) } = settings;
  const { readCandles = async () => candlesOf(trades) } = settings;
  const marketData = new MarketData({ engine, catalog, readTrades, readCandles });
  const reports = new ReportLog(redisAt(proxy.url), keys.reports, log);
  const tokens = new Tokens(SECRET);
  const entrance = new Entrance(log);
  entrance.attach(app);
  const gateway = attachGateway(app, { entrance, engine, marketData, catalog, reports, tokens });
  const port = await new Promise<number>(listening => {
    app.listen('127.0.0.1', 0, socket => listening(us_socket_local_port(socket as never)));
  });
  fake.start();
  engine.start();
  reports.start();
  t.teardown(async () => {
    gateway.close();
    app.close();
    marketData.stop();
    reports.stop();
    engine.stop();
    fake.stop();
    proxy.close();
  });
  await eventually(() => marketData.market('BTC_USDT')?.ready);
  const url = `ws://127.0.0.1:${port}/api/v1/ws`;
  const connect = () => WsClient.connect(url, t);
  return { app, entrance, url, fake, proxy, engine, marketData, catalog, reports, tokens, connect };
}

/** The reader's copy: throws where an update does not follow the one before. */
function copyOf(messages: readonly StreamData[]) {
  const fold = new DepthFold();
  const levels = (decimals: readonly (readonly [string, string])[]): Level[] =>
    decimals.map(([price, quantity]) => [toTicks(price, SCALE)!, toLots(quantity, SCALE)!]);
  for (const { e, U, u, b, a } of messages) {
    const [bids, asks] = [levels(b!), levels(a!)];
    if (e === 'depthSnapshot') {
      fold.reset({ lastUpdateId: u!, bids, asks });
    } else {
      assert.equal(U, fold.lastUpdateId + 1);
      assert.equal(fold.apply({ firstUpdateId: U!, lastUpdateId: u!, bids, asks }), 'APPLIED');
    }
  }
  return fold;
}

async function becomesEqual(t: Test, client: WsClient, fake: FakeEngine): Promise<void> {
  await eventually(() => client.data(DEPTH).at(-1)?.u === fake.updateId);
  const copy = copyOf(client.data(DEPTH));
  for (const side of ['bids', 'asks'] as const) {
    t.same(copy.levels(side, 5000), fake.levels(side).slice(0, 5000), side);
  }
}

/** As Postgres would have them. */
function candlesOf(trades: readonly PublicTrade[]): StoredCandles {
  const fold = new CandleFold();
  const { lotSize, tickLotValue } = SCALE;
  for (const trade of trades) {
    const baseAmount = BigInt(trade.quantity) * lotSize;
    const quoteAmount = BigInt(trade.price) * BigInt(trade.quantity) * tickLotValue;
    fold.add('BTC_USDT', { ...trade, baseAmount, quoteAmount });
  }
  const candles = new Map<Interval, Candle[]>();
  for (const { interval, candle } of fold.candles())
    candles.set(interval, [...(candles.get(interval) ?? []), candle]);
  return { lastTradeId: trades.length, candles };
}

function aTrade(tradeId: number): PublicTrade {
  return { tradeId, price: 1, quantity: 1, time: 0, buyerIsMaker: true };
}

async function isKnown(fake: FakeEngine, marketData: MarketData): Promise<void> {
  await eventually(() => marketData.market(fake.market)?.depth.lastUpdateId === fake.updateId);
}

function tradeIds(client: WsClient): number[] {
  return client.data(TRADE).map(({ t }) => Number(t));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

t.test('messages are as the interface says, the answer before them', async t => {
  const { fake, connect, marketData } = await world(t);
  await fake.change({ bids: [[5_000_000, 150_000]], asks: [[5_000_100, 20]] });
  await isKnown(fake, marketData);
  const client = await connect();
  client.send({ method: 'SUBSCRIBE', params: [TRADE, DEPTH], id: 1 });
  await eventually(() => client.messages.length === 2);
  const { time: E } = await fake.change({ asks: [[5_000_100, 0]], trades: [[5_000_100, 20]] });
  await eventually(() => client.messages.length === 4);
  const [b, a] = [[['50000.00', '1.50000']], [['50001.00', '0.00020']]];
  const trade = { p: '50001.00', q: '0.00020', T: E - 1, m: false };
  t.strictSame(client.messages, [
    { result: null, id: 1 },
    { stream: DEPTH, data: { e: 'depthSnapshot', s: 'BTC_USDT', u: 2, b, a } },
    { stream: TRADE, data: { e: 'trade', E, s: 'BTC_USDT', t: '1', ...trade } },
    {
      stream: DEPTH,
      data: { e: 'depthUpdate', E, s: 'BTC_USDT', U: 3, u: 4, b: [], a: [['50001.00', '0']] },
    },
  ]);
  t.strictSame(marketData.depth('BTC_USDT', 10), { lastUpdateId: 4, bids: b, asks: [] });
  t.equal(marketData.depth('ETH_USDT', 10), undefined);
  t.strictSame(marketData.trades('BTC_USDT', 10), [
    {
      tradeId: '1',
      price: '50001.00',
      quantity: '0.00020',
      quoteQuantity: '10.00020000',
      time: E - 1,
      buyerIsMaker: false,
    },
  ]);
});

t.test('a snapshot has the best 5,000 levels a side, and updates follow it', async t => {
  const { fake, connect, marketData } = await world(t);
  const side = (price: number): Level[] => range(0, 5999).map(i => [price + i, 1 + i]);
  await fake.change({ bids: side(1), asks: side(10_000) });
  await isKnown(fake, marketData);
  const client = await connect();
  await client.ask('SUBSCRIBE', [DEPTH]);
  await eventually(() => client.data(DEPTH).length === 1);
  t.equal(client.data(DEPTH)[0]?.b?.length, 5000);
  for (const i of range(1, 20)) await fake.change({ bids: [[5999, i]], asks: [[10_001, i]] });
  await becomesEqual(t, client, fake);
});

t.test('readers that come at any moment of a busy market miss nothing', async t => {
  const { fake, connect } = await world(t);
  const clients: WsClient[] = [];
  for (const i of range(1, 200)) {
    await fake.change({ bids: [[100 + (i % 7), i % 5]], trades: [[107, i]] });
    if (i % 20 !== 0) continue;
    const client = await connect();
    client.send({ method: 'SUBSCRIBE', params: [DEPTH, TRADE], id: null });
    clients.push(client);
  }
  for (const client of clients) {
    await becomesEqual(t, client, fake);
    const ids = tradeIds(client);
    t.same(ids, range(ids[0] ?? 201, 200));
  }
});

t.test('unsubscribing ends a stream, subscribing again begins it anew', async t => {
  const { fake, connect } = await world(t);
  const client = await connect();
  t.same(await client.ask('SUBSCRIBE', [DEPTH, TRADE, DEPTH]), { result: null, id: 1 });
  t.same(await client.ask('LIST_SUBSCRIPTIONS'), { result: [DEPTH, TRADE], id: 2 });
  t.same(await client.ask('PING'), { result: null, id: 3 });
  t.same(await client.ask('UNSUBSCRIBE', [DEPTH, TRADE]), { result: null, id: 4 });
  await fake.change({ bids: [[1, 1]], trades: [[1, 1]] });
  t.same(await client.ask('LIST_SUBSCRIPTIONS'), { result: [], id: 5 });
  await client.ask('SUBSCRIBE', [TRADE, DEPTH]);
  await client.ask('SUBSCRIBE', [TRADE, DEPTH]);
  await fake.change({ bids: [[1, 2]], trades: [[1, 1]] });
  await becomesEqual(t, client, fake);
  t.same(
    client.data(DEPTH).map(({ e }) => e),
    ['depthSnapshot', 'depthSnapshot', 'depthUpdate'],
  );
  t.same(tradeIds(client), [2]);
});

t.test(
  'a lost message: the depth is refilled, its readers get a snapshot, missed trades come first',
  async t => {
    const { fake, connect, marketData } = await world(t);
    const client = await connect();
    await client.ask('SUBSCRIBE', [DEPTH, TRADE]);
    await fake.change({ bids: [[1, 1]], trades: [[1, 1]] });
    await fake.change({ bids: [[2, 1]], trades: [[1, 2]] }, { publish: false });
    await fake.change({ bids: [[3, 1]], trades: [[1, 3]] });
    await becomesEqual(t, client, fake);
    await eventually(() => client.data(TRADE).length === 3);
    t.same(tradeIds(client), [1, 2, 3]);
    t.same(
      client.data(DEPTH).map(({ e }) => e),
      ['depthSnapshot', 'depthUpdate', 'depthSnapshot'],
    );
    t.same(
      marketData.trades('BTC_USDT', 2).map(({ tradeId }) => tradeId),
      ['3', '2'],
    );
  },
);

t.test('the last message of a market was lost: the catalog tells', async t => {
  const { fake, connect } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [DEPTH]);
  await fake.change({ bids: [[2, 1]] }, { publish: false });
  await fake.publishCatalog([{ ...marketOf('BTC_USDT'), updateId: fake.updateId }]);
  await becomesEqual(t, client, fake);
});

t.test('messages that come before the snapshot, with a gap among them', async t => {
  const { fake, connect } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [DEPTH]);
  let books = 0;
  fake.beforeReply = async ({ kind }) => {
    if (kind !== 'BOOK' || ++books > 1) return;
    await fake.change({ bids: [[3, 1]] });
    await fake.change({ bids: [[4, 1]] }, { publish: false });
    await fake.change({ bids: [[5, 1]] });
  };
  await fake.change({ bids: [[1, 1]] }, { publish: false });
  await fake.change({ bids: [[2, 1]] });
  await becomesEqual(t, client, fake);
  t.equal(books, 2);
});

t.test('a message that reaches back: its readers see the ids go on by one, and each trade once', async t => {
  const { fake, connect } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [DEPTH, TRADE]);
  await fake.change({ bids: [[1, 1]], trades: [[1, 1]] });
  const message = await fake.change({ bids: [[2, 1]], trades: [[1, 2]] }, { publish: false });
  await fake.publish({ ...message, firstUpdateId: 1, trades: fake.trades.slice() });
  await fake.publish(message);
  await fake.change({ bids: [[2, 2]] });
  await becomesEqual(t, client, fake);
  t.equal(client.data(DEPTH).length, 4);
  t.same(tradeIds(client), [1, 2]);
});

t.test('the catalog: what is published before its answer is newer than the answer', async t => {
  const { fake, catalog, proxy, marketData } = await world(t);
  const news: Market[] = [
    { ...marketOf('BTC_USDT'), status: 'HALT' },
    marketOf('A_USDT'),
    { ...marketOf('BTC_EUR'), quote: 'EUR' },
  ];
  fake.beforeReply = async ({ kind }) => {
    if (kind === 'CATALOG') await fake.publishCatalog(news);
  };
  proxy.cut();
  await eventually(() => catalog.market('BTC_USDT')?.market.status === 'HALT');
  await eventually(() => marketData.market('BTC_USDT')?.ready);
  t.equal(catalog.market('BTC_USDT')?.market.status, 'HALT');
  t.equal(catalog.market('BTC_EUR'), undefined, 'its quote asset is not known');
  t.same(
    catalog.markets().map(({ market }) => market.market),
    ['A_USDT', 'BTC_USDT'],
  );
  t.same(
    catalog.assets().map(({ asset }) => asset),
    ['BTC', 'USDT'],
  );
  t.match(catalog.asset('BTC'), { decimals: 8 });
});

t.test('the connection to Redis is lost while the market goes on', async t => {
  const { fake, proxy, connect, marketData } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [DEPTH, TRADE]);
  for (const i of range(1, 300)) {
    if (i % 100 === 50) proxy.cut();
    await fake.change({ bids: [[1 + (i % 11), i % 3]], asks: [[20 + (i % 5), i % 4]], trades: [[15, i]] });
    await sleep(1);
    if (i % 100 === 0) await eventually(() => marketData.market('BTC_USDT')?.ready === true);
  }
  await becomesEqual(t, client, fake);
  await eventually(() => tradeIds(client).at(-1) === 300);
  t.same(tradeIds(client), range(1, 300));
  t.ok(client.data(DEPTH).filter(({ e }) => e === 'depthSnapshot').length >= 3, 'a snapshot after each loss');
  t.equal(marketData.trades('BTC_USDT', 1000).length, 300);
});

t.test('a book that is another one after a loss, under the same update id', async t => {
  const { fake, proxy, connect } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [DEPTH]);
  await becomesEqual(t, client, fake);
  fake.bids.set(7, 7);
  proxy.cut();
  await eventually(() => client.data(DEPTH).length === 2);
  await becomesEqual(t, client, fake);
});

t.test('Redis ends and starts again', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const first = await startPrivateRedis(folder, join(folder, 'log'));
  const { fake, proxy, connect, engine, marketData } = await world(t, { redisUrl: first.url });
  const client = await connect();
  await client.ask('SUBSCRIBE', [DEPTH, TRADE]);
  await fake.change({ bids: [[1, 1]], trades: [[1, 1]] });
  await becomesEqual(t, client, fake);
  fake.stop();
  process.kill(first.pid, 'SIGKILL');
  await eventually(() => !engine.connected);
  t.equal(marketData.depth('BTC_USDT', 1), undefined, 'a depth that may be old is not shown');
  await t.rejects(engine.ask({ kind: 'CATALOG', body: {} }), { code: 'SERVER_BUSY' });
  await client.ask('UNSUBSCRIBE', [DEPTH]);
  t.same(
    await client.ask('SUBSCRIBE', [DEPTH]),
    { result: null, id: 3 },
    'accepted, and served when it is there',
  );

  const second = await startPrivateRedis(folder, join(folder, 'log'));
  t.teardown(() => second.stop());
  proxy.retarget(second.url);
  const again = fake.continueOn(second.url);
  t.teardown(() => again.stop());
  await again.change({ bids: [[2, 1]], trades: [[2, 2]] }, { publish: false });
  again.start();
  await becomesEqual(t, client, again);
  await eventually(() => client.data(TRADE).length === 2);
  t.same(tradeIds(client), [1, 2]);
});

t.test('trades from before the start are read, and read again until they are there', async t => {
  const trades = range(1, 1500).map(aTrade);
  const asked: unknown[] = [];
  const readTrades: ReadTrades = async (market, firstId, lastId) => {
    asked.push([market, firstId, lastId]);
    if (asked.length === 1) throw new Error('Postgres is away');
    return trades.slice(firstId - 1, lastId);
  };
  const { fake, connect, marketData } = await world(t, { trades, readTrades });
  const client = await connect();
  await client.ask('SUBSCRIBE', [TRADE]);
  await fake.change({ trades: [[1, 1]] });
  await eventually(() => marketData.trades('BTC_USDT', 1000).length === 1000);
  t.same(asked, [
    ['BTC_USDT', 501, 1500],
    ['BTC_USDT', 502, 1501],
  ]);
  const ids = marketData.trades('BTC_USDT', 1000).map(({ tradeId }) => Number(tradeId));
  t.same(ids, range(502, 1501).reverse());
  t.same(tradeIds(client), [1501], 'a stream begins with its subscription');
});

t.test('trades are read from the table that the writer fills', async t => {
  const url = process.env.DATABASE_URL!;
  const namespace = `gateway_test_${process.pid}`;
  const log = pino({ level: 'silent' });
  await migrate(url, namespace, log);
  const pool = createPool(url, namespace, 1);
  t.teardown(() => pool.end());
  await pool.query(`
    INSERT INTO trades SELECT market, id, 10 + id, 20, 1, 1, id % 2 = 0, 1, 1, 0, 2, 1, 0, 1000 + id, id
    FROM generate_series(1, 1500) AS id, unnest(ARRAY['BTC_USDT', 'ETH_USDT']) AS market`);
  const read = storedTrades(new Database(pool, log));
  t.strictSame(await read('BTC_USDT', 7, 8), [
    { tradeId: 7, price: 17, quantity: 20, time: 1007, buyerIsMaker: false },
    { tradeId: 8, price: 18, quantity: 20, time: 1008, buyerIsMaker: true },
  ]);
  t.same(
    (await read('ETH_USDT', 1, 1500)).map(({ tradeId }) => tradeId),
    range(501, 1500),
  );
  t.same(await read('BTC_USDT', 1501, 1600), []);
});

t.test('of many missed trades the last 1,000 are published', async t => {
  const { fake, connect } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [TRADE]);
  await fake.change({ trades: range(1, 1500).map(i => [1, i]) }, { publish: false });
  await fake.change({ trades: [[1, 1]] });
  await eventually(() => tradeIds(client).at(-1) === 1501);
  t.same(tradeIds(client), range(501, 1501));
});

t.test('Postgres does not answer: the trades go on after a second, the hole is filled later', async t => {
  let away = true;
  const trades: PublicTrade[] = [];
  const readTrades: ReadTrades = async (_, firstId, lastId) => {
    if (away) await new Promise(resolve => setTimeout(resolve, 2000));
    return trades.slice(firstId - 1, lastId);
  };
  const { fake, connect, marketData } = await world(t, { trades, readTrades });
  const client = await connect();
  await client.ask('SUBSCRIBE', [TRADE]);
  await fake.change({ trades: [[1, 1]] });
  await fake.change({ trades: [[1, 2]] }, { publish: false });
  const from = performance.now();
  await fake.change({ trades: [[1, 3]] });
  await fake.change({ trades: [[1, 4]] });
  await eventually(() => client.data(TRADE).length === 3);
  t.ok(performance.now() - from < BRIDGE_WAIT_MS + 500);
  t.same(tradeIds(client), [1, 3, 4]);
  away = false;
  await fake.change({ trades: [[1, 5]] });
  await eventually(() => marketData.trades('BTC_USDT', 10).length === 5, 8000);
  t.same(tradeIds(client), [1, 3, 4, 5], 'the stream never goes back');
});

t.test('a slow reader gets what it missed when it has caught up', async t => {
  const { fake, connect } = await world(t);
  const [slow, quick] = [await connect(), await connect()];
  for (const client of [slow, quick]) await client.ask('SUBSCRIBE', [DEPTH, TRADE]);
  slow.pause();
  await flood(fake, 200);
  for (const price of [1, 2, 3]) {
    await fake.change({ bids: [[price, 1]] }, { publish: false });
    await fake.change({ bids: [[price, 2]] });
    await eventually(() => quick.data(DEPTH).at(-1)?.u === fake.updateId);
  }
  slow.resume();
  for (const client of [slow, quick]) {
    await becomesEqual(t, client, fake);
    await eventually(() => tradeIds(client).at(-1) === 200);
    t.same(tradeIds(client), range(1, 200));
  }
  const snapshots = (client: WsClient) => client.data(DEPTH).filter(({ e }) => e === 'depthSnapshot').length;
  t.equal(snapshots(quick), 4, 'one for each refill');
  t.equal(snapshots(slow), 2, 'one, when it had read everything');
  await fake.change({ bids: [[1, 1]], trades: [[1, 1]] });
  await becomesEqual(t, slow, fake);
  await eventually(() => tradeIds(slow).at(-1) === 201);
});

t.test('a reader that missed more trades than are known is closed', async t => {
  const { fake, connect, marketData } = await world(t);
  const slow = await connect();
  await slow.ask('SUBSCRIBE', [DEPTH, TRADE]);
  slow.pause();
  await flood(fake, 200);
  await fake.change({ trades: range(1, TAPE_LENGTH + 1).map(i => [1, i]) });
  await eventually(() => marketData.market('BTC_USDT')?.trades.lastId === fake.trades.length);
  slow.resume();
  await eventually(() => slow.closeCode !== undefined);
  t.equal(slow.closeCode, 1013);
  const ids = tradeIds(slow);
  t.same(ids, range(1, ids.length), 'without a gap up to its end');
});

t.test('a reader that lost a message is closed, the others are not', async t => {
  const { app, connect } = await world(t);
  const [slow, other] = [await connect(), await connect()];
  await slow.ask('SUBSCRIBE', [DEPTH]);
  await other.ask('SUBSCRIBE', [TRADE]);
  slow.pause();
  // At once, so that nobody looks at its pace in between.
  for (const _ of range(1, 40)) app.publish(DEPTH, JSON.stringify('x'.repeat(1 << 20)));
  await sleep(10);
  slow.resume();
  await eventually(() => slow.closeCode !== undefined);
  t.match(await other.ask('PING'), { result: null });
});

/** So much that no network takes it: `batches` with one trade each, 70 KB of depth. */
async function flood(fake: FakeEngine, batches: number): Promise<void> {
  for (const i of range(1, batches)) {
    await fake.change({ bids: range(1, 3000).map(price => [price, i + price]), trades: [[1, i]] });
    await sleep(2);
  }
}

function expiredToken(): string {
  const { userId, ...claims } = OWNER;
  return createSigner({ key: SECRET, noTimestamp: true })({ ...claims, sub: String(userId), exp: 1 });
}

/** What the interface's page names as the codes of a wrong request; none where it is not at hand. */
function codesOfThePage(): string[] {
  if (!existsSync(API_PAGE)) return [];
  const page = readFileSync(API_PAGE, 'utf8');
  const [, codes = ''] = /A wrong request gets `[^`]*` \(([^)]*)\)/.exec(page) ?? [];
  return [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code!);
}

t.test('what is wrong is refused, and the connection stays', async t => {
  const { connect, tokens } = await world(t);
  const client = await connect();
  const tokenOf = (userId: number) => tokens.issue({ ...OWNER, userId }).token;
  const deep = `${'['.repeat(8000)}${']'.repeat(8000)}`;
  const table: [frame: object | string | Buffer, code: string, id: unknown][] = [
    ['', 'BAD_JSON', null],
    ['{', 'BAD_JSON', null],
    ['NaN', 'BAD_JSON', null],
    [Buffer.from('{"method":"PING","id":1}'), 'BAD_JSON', null],
    ['null', 'BAD_FIELD', null],
    ['1', 'BAD_FIELD', null],
    ['[]', 'BAD_FIELD', null],
    ['"PING"', 'BAD_FIELD', null],
    [deep, 'BAD_FIELD', null],
    ['{}', 'BAD_FIELD', null],
    [{ id: 1 }, 'BAD_FIELD', 1],
    [{ method: 1, id: 2 }, 'BAD_FIELD', 2],
    [{ method: 'PING', id: {} }, 'BAD_FIELD', null],
    [{ method: 'PING', id: 1.5 }, 'BAD_FIELD', null],
    [{ method: 'PING', id: 'x'.repeat(65) }, 'BAD_FIELD', null],
    [{ method: 'PING', id: 3, more: 1 }, 'BAD_FIELD', 3],
    ['{"method":"PING","id":4,"__proto__":{}}', 'BAD_FIELD', 4],
    [{ method: 'ping', id: 5 }, 'UNKNOWN_METHOD', 5],
    [{ method: 'AUTHENTICATE', params: ['x'], id: 6 }, 'UNKNOWN_METHOD', 6],
    [{ method: 'constructor', id: 'seven' }, 'UNKNOWN_METHOD', 'seven'],
    [{ method: 'SUBSCRIBE', id: 8 }, 'BAD_FIELD', 8],
    [{ method: 'SUBSCRIBE', params: TRADE, id: 9 }, 'BAD_FIELD', 9],
    [{ method: 'SUBSCRIBE', params: [TRADE, 1], id: 10 }, 'BAD_FIELD', 10],
    [{ method: 'UNSUBSCRIBE', params: [null], id: 11 }, 'BAD_FIELD', 11],
    [{ method: 'SUBSCRIBE', params: ['BTC_USDT@trade'], id: 12 }, 'UNKNOWN_STREAM', 12],
    [{ method: 'SUBSCRIBE', params: ['xxx_usdt@trade'], id: 13 }, 'UNKNOWN_STREAM', 13],
    [{ method: 'SUBSCRIBE', params: [TRADE, 'btc_usdt@kline_2m'], id: 14 }, 'UNKNOWN_STREAM', 14],
    [{ method: 'SUBSCRIBE', params: ['user'], id: 15 }, 'UNAUTHENTICATED', 15],
    [{ method: 'AUTH', params: ['no token'], id: 18 }, 'UNAUTHENTICATED', 18],
    [{ method: 'AUTH', params: [], id: 19 }, 'BAD_FIELD', 19],
    [{ method: 'AUTH', params: [expiredToken()], id: 20 }, 'TOKEN_EXPIRED', 20],
    [{ method: 'AUTH', params: [tokenOf(1001), 'more'], id: 21 }, 'BAD_FIELD', 21],
    [{ method: 'SUBSCRIBE', params: ['__proto__@trade'], id: 16 }, 'UNKNOWN_STREAM', 16],
    [{ method: 'UNSUBSCRIBE', params: ['x'.repeat(16_000)], id: 17 }, 'UNKNOWN_STREAM', 17],
    ['x'.repeat(16 * 1024 + 1), 'LIMIT_EXCEEDED', null],
  ];
  for (const [index, [frame, code, id]] of table.entries()) {
    client.send(frame);
    await eventually(() => client.messages.length === index + 1);
    const answer = client.messages[index];
    t.match(answer, { error: { code, message: /.+/ }, id }, JSON.stringify(frame).slice(0, 60));
    t.ok(answer!.error!.message.length < 200);
    t.ok(refusal.safeParse(answer).success, 'as it is published');
  }
  for (const user of [1001, 1002]) client.send({ method: 'AUTH', params: [tokenOf(user)], id: `${user}` });
  await eventually(() => client.messages.at(-1)?.id === '1002');
  t.match(client.messages.at(-2), { result: null, id: '1001' });
  t.match(client.messages.at(-1), { error: { code: 'FORBIDDEN' } });
  const met = new Set([...table.map(([, code]) => code), 'FORBIDDEN']);
  t.same([...met].sort(), [...SOCKET_CODES].sort(), 'these are all');
  for (const code of codesOfThePage()) t.ok(met.has(code), `${code} of the interface’s page`);
  await sleep(1000);
  client.send({ method: 'LIST_SUBSCRIPTIONS', id: 'end' });
  await eventually(() => client.messages.at(-1)?.id === 'end');
  t.same(client.messages.at(-1), { result: [], id: 'end' }, 'nothing was subscribed');
});

t.test('limits are refused, and the connection stays', async t => {
  const { fake, connect, catalog } = await world(t);
  const names = range(1, MAX_STREAMS).map(i => `M${i}_USDT`);
  await fake.publishCatalog(names.map(marketOf));
  await eventually(() => catalog.markets().length === MAX_STREAMS + 1);
  const client = await connect();
  const streams = names.map(name => `${name.toLowerCase()}@trade`);
  t.match(await client.ask('SUBSCRIBE', [...streams, TRADE]), { error: { code: 'LIMIT_EXCEEDED' } });
  t.match(await client.ask('LIST_SUBSCRIPTIONS'), { result: [] }, 'all or nothing');
  t.match(await client.ask('SUBSCRIBE', streams), { result: null });
  t.match(await client.ask('SUBSCRIBE', [TRADE]), { error: { code: 'LIMIT_EXCEEDED' } });
  t.match(await client.ask('SUBSCRIBE', streams), { result: null }, 'the same ones again');

  await sleep(1000 - (performance.now() % 1000));
  const other = await connect();
  for (const id of range(1, MAX_REQUESTS_PER_SECOND + 10)) other.send({ method: 'PING', id });
  await eventually(() => other.messages.length === MAX_REQUESTS_PER_SECOND + 10);
  const refused = other.messages.filter(({ error }) => error?.code === 'LIMIT_EXCEEDED');
  t.same(
    refused.map(({ id }) => id),
    range(MAX_REQUESTS_PER_SECOND + 1, MAX_REQUESTS_PER_SECOND + 10),
  );
  await sleep(1000);
  t.match(await other.ask('PING'), { result: null });
});

/** An app that shows how a WebSocket is to behave. */
function seeing(see: (behavior: WebSocketBehavior<unknown>) => void): TemplatedApp {
  const app = App();
  const ws = app.ws.bind(app) as TemplatedApp['ws'];
  app.ws = (path, behavior) => {
    see(behavior as WebSocketBehavior<unknown>);
    return ws(path, behavior);
  };
  return app;
}

/** What an HTTP request that asks to become a WebSocket gets. */
function askToUpgrade(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url.replace(/^ws/, 'http'), {
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        ...headers,
      },
    });
    request.on('error', reject).on('response', resolve);
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response);
    });
    request.end();
  });
}

t.test('a request that asks to become a WebSocket has an id, and leaves the sockets of HTTP', async t => {
  const { app, entrance, url, connect } = await world(t);
  const named = await askToUpgrade(url, { 'x-request-id': 'mine' });
  t.match(named, { statusCode: 101, headers: { 'x-request-id': 'mine' } });
  const others = [await askToUpgrade(url), await askToUpgrade(url, { 'x-request-id': 'not {one} of ours' })];
  for (const { headers } of others) t.match(headers['x-request-id'], /^[\w-]{8}-\w+$/);
  await connect();
  await eventually(() => entrance.sockets === 0);

  app.ws('/full', { upgrade: upgrader(entrance, () => false) });
  const refused = await askToUpgrade(url.replace(WEBSOCKET_PATH, '/full'), { 'x-request-id': 'full' });
  const { 'content-type': contentType, 'x-request-id': id, connection } = refused.headers;
  t.same([refused.statusCode, contentType, id, connection], [503, 'application/json', 'full', 'close']);
  t.match(JSON.parse(Buffer.concat(await refused.toArray()).toString()), {
    error: { code: 'SERVER_BUSY', message: /.+/ },
  });
  await eventually(() => entrance.sockets === 0);
});

t.test('who is there is asked every twenty seconds, and who says nothing for a minute is closed', async t => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const settings: { idleTimeout?: number | undefined } = {};
  const { connect } = await world(t, {
    app: seeing(behavior => {
      settings.idleTimeout = behavior.idleTimeout;
    }),
  });
  const clients = [await connect(), await connect()];
  mock.timers.tick(19_999);
  await clients[0]!.ask('PING');
  t.same(
    clients.map(({ pings }) => pings),
    [0, 0],
  );
  mock.timers.tick(1);
  await eventually(() => clients.every(({ pings }) => pings === 1));
  mock.timers.tick(40_000);
  await eventually(() => clients.every(({ pings }) => pings === 3));
  t.equal(settings.idleTimeout, 60, 'which is the library’s to keep');
});

t.test('a hand on Redis publishes what is no message', async t => {
  const { fake, connect } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [DEPTH, TRADE]);
  for (const text of ['', '{', 'null', '[]', '{}', '{"market":"BTC_USDT"}', '[[1,2]]'])
    await fake.publishRaw(text);
  await fake.change({ bids: [[1, 1]] });
  await becomesEqual(t, client, fake);
});

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

t.test('the best prices, once for each batch that changed them', async t => {
  const { fake, connect, marketData } = await world(t);
  await fake.change({ bids: [[5_000_000, 150_000]], asks: [[5_000_100, 20]] });
  await isKnown(fake, marketData);
  const client = await connect();
  await client.ask('SUBSCRIBE', [BOOK_TICKER]);
  await fake.change({ bids: [[4_999_999, 1]] });
  const { lastUpdateId: u } = await fake.change({ bids: [[5_000_000, 0]], asks: [[5_000_100, 21]] });
  const { lastUpdateId: last } = await fake.change({ asks: [[5_000_100, 0]] });
  await eventually(() => client.data(BOOK_TICKER).length === 3);
  t.same(client.data(BOOK_TICKER), [
    { u: 2, s: 'BTC_USDT', b: '50000.00', B: '1.50000', a: '50001.00', A: '0.00020' },
    { u, s: 'BTC_USDT', b: '49999.99', B: '0.00001', a: '50001.00', A: '0.00021' },
    { u: last, s: 'BTC_USDT', b: '49999.99', B: '0.00001', a: null, A: null },
  ]);
});

t.test(
  'the best prices of a venue’s book are those of its depth, and those that it told itself',
  { skip },
  async t => {
    const { fake, connect, marketData } = await world(t);
    const { snapshot, updates, tickers } = readDepth();
    const fresh = updates.filter(({ lastUpdateId }) => lastUpdateId > snapshot.lastUpdateId).slice(0, 2000);
    await fake.standAt(snapshot);
    await isKnown(fake, marketData);
    const client = await connect();
    await client.ask('SUBSCRIBE', [DEPTH, BOOK_TICKER]);
    for (const update of fresh)
      await fake.publish({ ...update, market: fake.market, time: Date.now(), trades: [] });
    const last = fresh.at(-1)!.lastUpdateId;
    await eventually(() => client.data(DEPTH).at(-1)?.u === last);
    await client.ask('PING');

    const book = new OrderBook();
    const told = new Map<number, string>();
    let [inForce, changes] = ['', 0];
    const best = (side: ReadonlyMap<string, string>, better: (...prices: number[]) => number) => {
      const price = better(...[...side.keys()].map(Number)).toFixed(2);
      return `${price} ${side.get(price)}`;
    };
    for (const [index, { stream, data }] of client.messages.entries()) {
      if (stream === BOOK_TICKER) {
        const { u, b, B, a, A } = data as unknown as Body;
        t.equal(u, book.updateId, 'at the depth’s update id');
        t.not(`${b} ${B} ${a} ${A}`, inForce, 'only where it has changed');
        inForce = `${b} ${B} ${a} ${A}`;
        changes++;
      }
      if (stream === DEPTH) assert.equal(book.apply(data as unknown as Body), 'APPLIED');
      // A batch's depth comes before its best prices.
      if (stream === undefined || !book.ready || client.messages[index + 1]?.stream === BOOK_TICKER) continue;
      assert.equal(
        inForce,
        `${best(book.bids, Math.max)} ${best(book.asks, Math.min)}`,
        `at ${book.updateId}`,
      );
      told.set(book.updateId!, inForce);
    }
    t.ok(changes > 500, `${changes} changes`);

    const same = tickers.filter(({ updateId }) => told.has(updateId));
    t.ok(same.length > 100, `${same.length} of the venue’s own`);
    const decimal = (side: RecordedLevel) => {
      const [price, quantity] = level(side);
      return `${fromTicks(price, SCALE)} ${fromLots(quantity, SCALE)}`;
    };
    for (const { updateId, bid, ask } of same)
      assert.equal(told.get(updateId), `${decimal(bid)} ${decimal(ask)}`, `the venue at ${updateId}`);
  },
);

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

/** Of the owner, as it stands in the stream of reports. */
function reportText(seq: number, asset = 'BTC'): string {
  return `${OWNER.userId} ${seq} ["balance",5,"${asset}","1","0","1","DEPOSIT"]`;
}

async function ownReader({ connect, tokens }: World): Promise<WsClient> {
  const client = await connect();
  await client.ask('AUTH', [tokens.issue(OWNER).token]);
  await client.ask('SUBSCRIBE', ['user']);
  return client;
}

function seqs(client: WsClient): number[] {
  return client.data('user').map(data => (data as unknown as { seq: number }).seq);
}

t.test('who reads his own stream too slowly misses nothing of it, or is closed', async t => {
  const here = await world(t);
  const { fake, reports } = here;
  const [slow, slowest, quick] = [await ownReader(here), await ownReader(here), await ownReader(here)];
  for (const client of [slow, slowest]) {
    await client.ask('SUBSCRIBE', [DEPTH]);
    client.pause();
  }
  const report = async (seq: number, sequence = seq) => {
    await fake.report(sequence, reportText(seq));
    await eventually(() => reports.held(OWNER.userId).at(-1)?.seq === seq);
  };
  await report(1);
  await flood(fake, 200);
  await sleep(250);
  for (const seq of range(2, 20)) await report(seq);
  slow.resume();
  await eventually(() => seqs(slow).length === 20);
  await report(21);
  await eventually(() => seqs(slow).length === 21);
  for (const client of [slow, quick]) t.same(seqs(client), range(1, 21));

  await report(22, 21 + REPORTED_COMMANDS);
  slowest.resume();
  await eventually(() => slowest.closeCode !== undefined);
  t.equal(slowest.closeCode, 1013, 'what it has missed is no longer held');
  t.same(seqs(slowest), [1]);
  await eventually(() => seqs(quick).at(-1) === 22);
  t.same(seqs(quick), range(1, 22), 'the others go on');
});

t.test('who reads slowly gets what is about an asset that is not known yet when it is', async t => {
  const here = await world(t);
  const { fake, reports } = here;
  const slow = await ownReader(here);
  await slow.ask('SUBSCRIBE', [DEPTH]);
  slow.pause();
  await flood(fake, 200);
  await sleep(250);
  await fake.report(1, reportText(1, 'NEW'));
  await eventually(() => reports.held(OWNER.userId).length === 1);
  slow.resume();
  await becomesEqual(t, slow, fake);
  t.match(await slow.ask('PING'), { result: null });
  t.same(seqs(slow), []);
  await fake.publishCatalog([], [{ asset: 'NEW', decimals: 8, status: 'ACTIVE' }]);
  await eventually(() => seqs(slow).length === 1);
  t.equal(slow.closeCode, undefined);
});

t.test('reports that were trimmed before they were read', async t => {
  const here = await world(t);
  const { fake, proxy, reports } = here;
  await fake.report(1, reportText(1));
  await eventually(() => reports.held(1001).length === 1);
  const client = await ownReader(here);
  await fake.report(2, reportText(2));
  await eventually(() => client.data('user').length === 1);
  t.match(client.data('user'), [{ e: 'balanceUpdate', seq: 2, a: 'BTC', f: '0.00000001' }]);
  proxy.cut();
  await fake.report(3, reportText(3));
  await fake.report(2 + REPORTED_COMMANDS, `${reportText(4)}\n${reportText(5)}`, { isAlone: true });
  await eventually(() => client.closeCode !== undefined);
  t.equal(client.closeCode, 1013, 'who has missed some is told so');
  await eventually(() => reports.held(1001).length === 2);
  t.same(
    reports.held(1001).map(({ seq }) => seq),
    [4, 5],
    'nothing is held from before the gap',
  );
});
