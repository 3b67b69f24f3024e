/** A gateway over real sockets and a real Redis, with a fake engine, and what the tests of its streams read there. */
import { App, type TemplatedApp, us_socket_local_port } from 'uWebSockets.js';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { Test } from 'tap';
import { Catalog } from '../api/catalog.js';
import { EngineClient } from '../api/engine-client.js';
import { Entrance } from '../api/http/entrance.js';
import type { ReadCandles } from '../api/market-candles.js';
import { MarketData } from '../api/market-data.js';
import { ReportLog } from '../api/report-log.js';
import { Tokens } from '../api/tokens.js';
import type { ReadTrades } from '../api/trade-tape.js';
import { attachGateway, type Gateway } from '../api/ws/gateway.js';
import { CandleFold } from '../db-writer/candles.js';
import type { Level } from '../shared/domain/answers.js';
import { DepthFold } from '../shared/domain/depth.js';
import type { Candle, Interval } from '../shared/domain/klines.js';
import type { StoredCandles } from '../shared/domain/live-candles.js';
import type { PublicTrade } from '../shared/domain/publications.js';
import { type MarketScale, marketScale, toLots, toTicks } from '../shared/domain/units.js';
import { keysOf } from '../shared/io/keys.js';
import { redisAt } from '../shared/io/redis.js';
import { FakeEngine, marketOf } from './fake-engine.js';
import { TcpProxy } from './tcp-proxy.js';
import { eventually, type StreamData, WsClient } from './ws-client.js';

const REDIS_URL = process.env.REDIS_URL!;
export const SCALE: MarketScale = marketScale(marketOf('BTC_USDT'), { base: 8, quote: 8 });
export const TRADE = 'btc_usdt@trade';
export const DEPTH = 'btc_usdt@depth';
export const BOOK_TICKER = 'btc_usdt@bookTicker';

export const OWNER = { userId: 1001, email: 'a@b.c', role: 'USER' } as const;
export const SECRET = 'secret';

export interface World {
  app: TemplatedApp;
  entrance: Entrance;
  gateway: Gateway;
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
export async function world(t: Test, settings: WorldSettings = {}): Promise<World> {
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
  const reports = new ReportLog({ feed: engine.feed, redis: redisAt(proxy.url), key: keys.reports, log });
  const tokens = new Tokens(SECRET);
  const entrance = new Entrance(log);
  entrance.attach(app);
  const gateway = attachGateway(app, { entrance, engine, marketData, catalog, reports, tokens });
  const port = await new Promise<number>(listening => {
    app.listen('127.0.0.1', 0, socket => listening(us_socket_local_port(socket as never)));
  });
  fake.start();
  engine.start();
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
  return { app, entrance, gateway, url, fake, proxy, engine, marketData, catalog, reports, tokens, connect };
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

export async function becomesEqual(t: Test, client: WsClient, fake: FakeEngine): Promise<void> {
  await eventually(() => client.data(DEPTH).at(-1)?.u === fake.updateId);
  const copy = copyOf(client.data(DEPTH));
  for (const side of ['bids', 'asks'] as const) {
    t.same(copy.levels(side, 5000), fake.levels(side).slice(0, 5000), side);
  }
}

/** As Postgres would have them. */
export function candlesOf(trades: readonly PublicTrade[]): StoredCandles {
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

export function aTrade(tradeId: number): PublicTrade {
  return { tradeId, price: 1, quantity: 1, time: 0, buyerIsMaker: true };
}

export async function isKnown(fake: FakeEngine, marketData: MarketData): Promise<void> {
  await eventually(() => marketData.market(fake.market)?.depth.lastUpdateId === fake.updateId);
}

export function tradeIds(client: WsClient): number[] {
  return client.data(TRADE).map(({ t }) => Number(t));
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** So much that no network takes it: `batches` with one trade each, 70 KB of depth. */
export async function flood(fake: FakeEngine, batches: number): Promise<void> {
  for (const i of range(1, batches)) {
    await fake.change({ bids: range(1, 3000).map(price => [price, i + price]), trades: [[1, i]] });
    await sleep(2);
  }
}
