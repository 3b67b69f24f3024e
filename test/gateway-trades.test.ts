/** Trades: those that were missed are read from Postgres; and readers that are too slow. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import t from 'tap';
import { Database } from '../api/database.js';
import { storedTrades } from '../api/stored-trades.js';
import { type ReadTrades, TAPE_LENGTH } from '../api/trade-tape.js';
import { migrate } from '../db-writer/migrate.js';
import type { PublicTrade } from '../shared/domain/publications.js';
import { createPool } from '../shared/io/postgres.js';
import { aTrade, becomesEqual, DEPTH, flood, range, TRADE, tradeIds, world } from './gateway-world.js';
import { eventually, type WsClient } from './ws-client.js';

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

t.test('who missed more trades than are kept is closed, and the stream goes on behind them', async t => {
  const { fake, connect, marketData } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [TRADE]);
  await fake.change({ trades: [[1, 1]] });
  await fake.change({ trades: range(2, 1500).map(i => [1, i]) }, { publish: false });
  await fake.change({ trades: [[1, 1]] });
  await eventually(() => client.closeCode === 1013);
  t.same(tradeIds(client), [1], 'nothing behind the gap');
  await eventually(() => marketData.trades('BTC_USDT', 1000).length === 1000);
  t.same(
    marketData.trades('BTC_USDT', 1000).map(({ tradeId }) => Number(tradeId)),
    range(502, 1501).reverse(),
  );
});

t.test('Postgres does not answer: who misses trades is closed after a second, and comes again', async t => {
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
  await fake.change({ trades: [[1, 3]] });
  await fake.change({ trades: [[1, 4]] });
  await eventually(() => client.closeCode === 1013);
  t.same(tradeIds(client), [1], 'nothing behind the gap');
  const again = await connect();
  await again.ask('SUBSCRIBE', [TRADE]);
  away = false;
  await fake.change({ trades: [[1, 5]] });
  await eventually(() => marketData.trades('BTC_USDT', 10).length === 5, 8000);
  t.same(tradeIds(again), [5]);
});

t.test('a slow reader gets what it missed when it has caught up', async t => {
  const { fake, gateway, connect } = await world(t);
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
  t.equal(gateway.traffic().drops, 0);
});

t.test('a reader that missed more trades than are known is closed', async t => {
  const { fake, gateway, connect, marketData } = await world(t);
  const slow = await connect();
  await slow.ask('SUBSCRIBE', [DEPTH, TRADE]);
  slow.pause();
  await flood(fake, 200);
  await fake.change({ trades: range(1, TAPE_LENGTH + 1).map(i => [1, i]) });
  await eventually(() => marketData.market('BTC_USDT')?.trades.lastId === fake.trades.length);
  slow.resume();
  await eventually(() => slow.closeCode !== undefined);
  t.equal(slow.closeCode, 1013);
  t.equal(gateway.traffic().drops, 1, 'and counted');
  const ids = tradeIds(slow);
  t.same(ids, range(1, ids.length), 'without a gap up to its end');
});

t.test('a reader that lost a message is closed, the others are not', async t => {
  const { app, gateway, connect } = await world(t);
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
  t.equal(gateway.traffic().drops, 1);
});
