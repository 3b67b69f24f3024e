/**
 * Depth and best prices: whatever is lost on the way (messages, connections, Redis itself), a reader's copy of the book
 * ends equal to the engine's.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { OrderBook } from '../scripts/client/order-book.js';
import type { RecordedLevel } from '../scripts/recording.js';
import { startPrivateRedis } from '../scripts/running/private-redis.js';
import type { Level } from '../shared/domain/answers.js';
import type { Market } from '../shared/domain/entities.js';
import { fromLots, fromTicks } from '../shared/domain/units.js';
import { marketOf } from './fake-engine.js';
import {
  BOOK_TICKER,
  becomesEqual,
  DEPTH,
  isKnown,
  range,
  SCALE,
  TRADE,
  tradeIds,
  world,
} from './gateway-world.js';
import type { Body } from './stack.js';
import { level, readDepth, skip } from './venue.js';
import { eventually, type WsClient } from './ws-client.js';

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
  // Not shown while it may be old.
  await eventually(() => !engine.connected && marketData.depth('BTC_USDT', 1) === undefined);
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

t.test('a hand on Redis publishes what is no message, also while the depth is refilled', async t => {
  const { fake, connect } = await world(t);
  const client = await connect();
  await client.ask('SUBSCRIBE', [DEPTH, TRADE]);
  const empty = { market: 'BTC_USDT', bids: [], asks: [], trades: [] };
  const whole = { ...empty, time: 1, firstUpdateId: 1, lastUpdateId: 1_000_000 };
  const nearly: object[] = [
    { market: 'BTC_USDT' },
    { market: 'BTC_USDT', trades: [] },
    empty,
    { ...whole, lastUpdateId: '9' },
    { ...whole, bids: [['1', 1]] },
    { ...whole, asks: [1] },
    { ...whole, trades: [{}] },
  ];
  const texts = ['', '{', 'null', '[]', '{}', '[[1,2]]', ...nearly.map(one => JSON.stringify(one))];
  const publishAll = async () => {
    for (const text of texts) await fake.publishRaw(text);
  };
  await publishAll();
  await fake.change({ bids: [[1, 1]] });
  await becomesEqual(t, client, fake);
  fake.beforeReply = async ({ kind }) => {
    if (kind === 'BOOK') await publishAll();
  };
  await fake.change({ bids: [[2, 1]] }, { publish: false });
  await fake.change({ bids: [[3, 1]] });
  await becomesEqual(t, client, fake);
});

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
