/**
 * What a request may come to when the way to the engine breaks at any place: SERVER_BUSY is never in the list, nothing
 * is ever in it twice, and everybody hears something in time. On a Redis of its own, behind a proxy.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import {
  EngineClient,
  type EngineClientSettings,
  LIST_LIMIT,
  MAX_WAITING,
  REPLY_GRACE_MS,
  REPLY_TIMEOUT_MS,
} from '../api/engine-client.js';
import type { ApiError } from '../api/errors.js';
import { Feed } from '../api/feed.js';
import { startPrivateRedis } from '../scripts/running/private-redis.js';
import { decodeRequest, type Request } from '../shared/domain/codec.js';
import type { Query } from '../shared/domain/commands.js';
import { repliesTo, TOLD } from '../shared/domain/publications.js';
import { type Keys, keysOf } from '../shared/io/keys.js';
import { redisAt } from '../shared/io/redis.js';
import { messageOf } from './ascii.js';
import { FakeEngine } from './fake-engine.js';
import { tell } from './feed.js';
import { TcpProxy } from './tcp-proxy.js';
import { eventually } from './ws-client.js';

/** More than a refusal without any waiting takes, also on a busy machine. */
const AT_ONCE_MS = 100;

const folder = mkdtempSync(join(tmpdir(), 'engine-client-test-'));
let server = await startPrivateRedis(folder, join(folder, 'log'));
t.teardown(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

interface World {
  keys: Keys;
  redis: Redis;
  fake: FakeEngine;
  proxy: TcpProxy;
  engine: EngineClient;
}

let worlds = 0;

async function world(t: Test, settings: Partial<EngineClientSettings> = {}): Promise<World> {
  const keys = keysOf(`client_${++worlds}`);
  const redis = new Redis(server.url);
  redis.on('error', () => {});
  const fake = new FakeEngine(server.url, keys);
  const proxy = await TcpProxy.start(server.url);
  const log = pino({ level: 'silent' });
  const engine = new EngineClient({ redis: redisAt(proxy.url), keys, instance: 'api', log, ...settings });
  fake.start();
  engine.start();
  t.teardown(async () => {
    engine.stop();
    redis.disconnect();
    fake.stop();
    proxy.close();
  });
  await eventually(() => engine.connected);
  return { keys, redis, fake, proxy, engine };
}

/** Tells requests apart by an order id. */
function query(orderId: number): Query {
  return { kind: 'GET_ORDER', body: { account: 1001, orderId, market: null, clientOrderId: null } };
}

interface Outcome {
  orderId: number;
  code: string;
  afterMs: number;
}

async function outcomeOf(engine: EngineClient, orderId: number): Promise<Outcome> {
  const from = performance.now();
  const code = await engine.ask(query(orderId)).then(
    answer => answer.kind,
    (error: ApiError) => error.code,
  );
  return { orderId, code, afterMs: performance.now() - from };
}

function orderIdOf({ request }: Request): number {
  return (request.body as { orderId: number }).orderId;
}

async function listed({ redis, keys }: World): Promise<number[]> {
  const entries = await redis.lrange(keys.commands, 0, -1);
  return entries.map(entry => orderIdOf(decodeRequest(entry) as Request));
}

/** Of a few requests each. */
async function pushes(redis: Redis): Promise<number> {
  return Number(/cmdstat_rpush:calls=(\d+)/.exec(await redis.info('commandstats'))![1]);
}

/** The connection whose last command that is. */
async function killWho(does: RegExp, redis: Redis): Promise<void> {
  const clients = ((await redis.client('LIST')) as string).split('\n');
  const client = clients.find(client => does.test(client));
  await redis.client('KILL', 'ID', /id=(\d+)/.exec(client!)![1]!);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

t.test('requests go in order, those of a moment in one push, and get their own answers', async t => {
  const w = await world(t, { clock: () => 1_000_000 });
  await w.redis.config('RESETSTAT');
  const outcomes = range(1, 500).map(orderId => outcomeOf(w.engine, orderId));
  t.ok((await Promise.all(outcomes)).every(({ code }) => code === 'NOT_HELD'));
  t.same(w.fake.taken.map(orderIdOf), range(1, 500));
  t.equal(await pushes(w.redis), 1);
  t.match(w.fake.taken[0], {
    requestId: 1,
    replyTo: /^api-[0-9a-f]{12}$/,
    deadline: 1_000_000 + REPLY_TIMEOUT_MS,
  });
  t.match(await w.engine.ask({ kind: 'CATALOG', body: {} }), { kind: 'CATALOG' });
});

t.test('an instance that was started again has another address', async t => {
  const [first, second] = [await world(t), await world(t)];
  for (const { engine } of [first, second]) await engine.ask(query(1));
  t.not(first.fake.taken[0]!.replyTo, second.fake.taken[0]!.replyTo);
});

t.test('no answer: the outcome is unknown, and an answer that comes later is nobody’s', async t => {
  const { engine, fake, redis, keys } = await world(t);
  fake.answers = false;
  const { code, afterMs } = await outcomeOf(engine, 1);
  t.equal(code, 'UNKNOWN_OUTCOME');
  const limit = REPLY_TIMEOUT_MS + REPLY_GRACE_MS;
  t.ok(afterMs >= limit && afterMs < limit + 200, `${afterMs} ms`);
  const { requestId, replyTo } = fake.taken[0]!;
  for (const id of [requestId, 99]) {
    await tell(redis, keys, repliesTo(replyTo), messageOf([[id, { kind: 'NOT_HELD', sequence: 1 }, null]]));
  }
  fake.answers = true;
  t.match(await outcomeOf(engine, 2), { code: 'NOT_HELD' });
});

t.test('a full list takes what fits, the rest is refused', async t => {
  const w = await world(t);
  await w.fake.pause();
  for (const _ of range(1, 20)) await w.redis.rpush(w.keys.commands, ...Array(LIST_LIMIT / 20).fill('x'));
  await w.redis.lpop(w.keys.commands, 2);
  const outcomes = range(1, 5).map(orderId => outcomeOf(w.engine, orderId));
  const refused = await Promise.all(outcomes.slice(2));
  t.ok(refused.every(({ code, afterMs }) => code === 'SERVER_BUSY' && afterMs < AT_ONCE_MS));
  t.equal(await w.redis.llen(w.keys.commands), LIST_LIMIT);
  await w.redis.ltrim(w.keys.commands, -2, -1);
  t.same(await listed(w), [1, 2]);
  w.fake.resume();
  t.match(await Promise.all(outcomes.slice(0, 2)), [{ code: 'NOT_HELD' }, { code: 'NOT_HELD' }]);
});

t.test('so many may wait and no more; at the end they are told', async t => {
  const w = await world(t);
  await w.fake.pause();
  const outcomes = range(1, MAX_WAITING).map(orderId => outcomeOf(w.engine, orderId));
  t.match(await outcomeOf(w.engine, 0), { code: 'SERVER_BUSY' });
  await sleep(0);
  await eventually(() => w.redis.llen(w.keys.commands).then(length => length === MAX_WAITING));
  await sleep(500);
  t.same(await listed(w), range(1, MAX_WAITING));
  w.engine.stop();
  t.ok((await Promise.all(outcomes)).every(({ code }) => code === 'UNKNOWN_OUTCOME'));
});

t.test('the answer to a push is lost after its effect: unknown at once, and never sent again', async t => {
  const w = await world(t);
  await w.fake.pause();
  w.proxy.mute(true);
  const [written, waiting] = [outcomeOf(w.engine, 1), sleep(20).then(() => outcomeOf(w.engine, 2))];
  await sleep(100);
  t.same(await listed(w), [1]);
  await killWho(/ cmd=eval/, w.redis);
  t.match(await written, { code: 'UNKNOWN_OUTCOME' });
  t.match(await waiting, { code: 'SERVER_BUSY' }, 'never written');
  t.ok((await written).afterMs < 100 + AT_ONCE_MS);
  w.proxy.mute(false);
  w.proxy.cut();
  await eventually(() => w.engine.connected);
  await sleep(300);
  t.same(await listed(w), [1]);
  w.fake.resume();
  t.match(await outcomeOf(w.engine, 3), { code: 'NOT_HELD' });
  t.same(w.fake.taken.map(orderIdOf), [1, 3]);
});

t.test('the connection of the answers is lost: unknown at once, busy until it is there again', async t => {
  const { engine, fake, redis } = await world(t);
  fake.answers = false;
  const outcome = outcomeOf(engine, 1);
  await eventually(() => fake.taken.length === 1);
  await killWho(/ cmd=xread/, redis);
  t.match(await outcome, { code: 'UNKNOWN_OUTCOME' });
  t.ok((await outcome).afterMs < AT_ONCE_MS + 200);
  const refused = await outcomeOf(engine, 2);
  t.equal(refused.code, 'SERVER_BUSY');
  t.ok(refused.afterMs < AT_ONCE_MS);
  fake.answers = true;
  await eventually(() => engine.connected);
  t.match(await outcomeOf(engine, 3), { code: 'NOT_HELD' });
  t.same(fake.taken.map(orderIdOf), [1, 3]);
});

t.test('connections that come and go: connected and lost take turns', async t => {
  const { engine, proxy } = await world(t);
  const seen: string[] = ['connected'];
  engine.feed.listen({ connected: () => seen.push('connected'), lost: () => seen.push('lost') });
  for (const afterMs of range(95, 130)) {
    proxy.cut();
    await sleep(afterMs);
  }
  await eventually(() => engine.connected);
  const odd = seen.filter((event, index) => event !== (index % 2 === 0 ? 'connected' : 'lost'));
  t.same(odd, []);
  t.ok(seen.length > 10, `${seen.length} changes`);
});

t.test('between two connections nothing is heard, whatever is published', async t => {
  const keys = keysOf(`client_${++worlds}`);
  const proxy = await TcpProxy.start(server.url);
  const feed = new Feed({ redis: redisAt(proxy.url), keys, replyTo: 'api', log: pino({ level: 'silent' }) });
  const publisher = new Redis(server.url);
  const heard: string[] = [];
  feed.listen({
    connected: () => heard.push('connected'),
    catalog: () => heard.push('heard'),
    lost: () => heard.push('lost'),
  });
  t.teardown(() => {
    clearInterval(flood);
    feed.stop();
    publisher.disconnect();
    proxy.close();
  });
  const flood = setInterval(() => {
    for (const _ of range(1, 100)) void tell(publisher, keys, TOLD.catalog, 'x').catch(() => {});
  });
  feed.start();
  for (const _ of range(1, 20)) {
    await eventually(() => feed.connected && heard.at(-1) === 'heard');
    proxy.cut();
    await eventually(() => !feed.connected);
  }
  const changes = heard.filter((what, index) => what !== heard[index - 1]);
  t.match(changes.join(' '), /^(connected heard lost ?)+$/);
});

t.test('batches that are not there any more: whoever follows starts afresh', async t => {
  const { engine, redis, keys } = await world(t);
  const heard: string[] = [];
  engine.feed.listen({
    connected: () => heard.push('connected'),
    lost: () => heard.push('lost'),
    catalog: message => heard.push(message),
  });
  const hears = (...expected: string[]) =>
    eventually(() => JSON.stringify(heard) === JSON.stringify(expected)).then(() => heard.splice(0));
  await redis.set(keys.head, '1:1000');
  await tell(redis, keys, TOLD.catalog, 'after a gap');
  await hears('lost', 'connected');
  await tell(redis, keys, TOLD.catalog, 'the next one');
  await redis.set(keys.head, '2:1002');
  await tell(redis, keys, TOLD.catalog, 'of another engine');
  await hears('the next one', 'of another engine');
  await redis.del(keys.feed);
  await redis.set(keys.head, '3:7');
  await tell(redis, keys, TOLD.catalog, 'begun again from Postgres');
  await hears('lost', 'connected');
  await tell(redis, keys, TOLD.catalog, 'and on');
  await hears('and on');
  t.match(await outcomeOf(engine, 1), { code: 'NOT_HELD' });
});

t.test('the network says nothing any more: it is noticed, and connected again', async t => {
  const { engine, fake, proxy } = await world(t);
  await engine.ask(query(1));
  proxy.mute(true);
  await eventually(() => !engine.feed.connected, 10_000);
  t.match(await outcomeOf(engine, 2), { code: 'SERVER_BUSY' });
  proxy.mute(false);
  proxy.cut();
  await eventually(() => engine.connected);
  t.match(await outcomeOf(engine, 3), { code: 'NOT_HELD' });
  t.same(fake.taken.map(orderIdOf), [1, 3]);
});

t.test('Redis forgets the script', async t => {
  const { engine, fake, redis } = await world(t);
  await engine.ask(query(1));
  await engine.ask(query(2));
  await redis.script('FLUSH');
  t.match(await outcomeOf(engine, 3), { code: 'NOT_HELD' });
  t.same(fake.taken.map(orderIdOf), [1, 2, 3]);
});

t.test('Redis refuses to write: busy, and nothing is in the list', async t => {
  const w = await world(t);
  await w.fake.pause();
  await w.redis.config('SET', 'maxmemory', '1');
  t.match(await outcomeOf(w.engine, 1), { code: 'SERVER_BUSY' });
  await w.redis.config('SET', 'maxmemory', '0');
  await w.redis.set(w.keys.commands, 'no list');
  t.match(await outcomeOf(w.engine, 2), { code: 'SERVER_BUSY' });
  await w.redis.del(w.keys.commands);
  w.fake.resume();
  t.match(await outcomeOf(w.engine, 3), { code: 'NOT_HELD' });
  t.same(w.fake.taken.map(orderIdOf), [3]);
});

t.test('Redis stands still, and goes on', async t => {
  const { engine, fake } = await world(t);
  process.kill(server.pid, 'SIGSTOP');
  const written = outcomeOf(engine, 1);
  await sleep(50);
  const waiting = outcomeOf(engine, 2);
  t.match(await written, { code: 'UNKNOWN_OUTCOME' });
  t.match(await waiting, { code: 'SERVER_BUSY' });
  t.ok((await waiting).afterMs < REPLY_TIMEOUT_MS + REPLY_GRACE_MS + 200);
  await eventually(() => !engine.connected);
  t.ok((await outcomeOf(engine, 3)).afterMs < AT_ONCE_MS);
  process.kill(server.pid, 'SIGCONT');
  await eventually(() => engine.connected);
  t.match(await outcomeOf(engine, 4), { code: 'NOT_HELD' });
  t.same(fake.taken.map(orderIdOf), [1, 4]);
});

t.test('Redis is killed under load and started again', async t => {
  const w = await world(t);
  const outcomes: Promise<Outcome>[] = [];
  const ask = async (count: number) => {
    for (const _ of range(1, count)) {
      outcomes.push(outcomeOf(w.engine, outcomes.length + 1));
      if (outcomes.length % 10 === 0) await sleep(1);
    }
  };
  await ask(500);
  process.kill(server.pid, 'SIGKILL');
  await ask(500);
  await eventually(() => !w.engine.connected);
  w.fake.stop();
  server = await startPrivateRedis(folder, join(folder, 'log'));
  w.proxy.retarget(server.url);
  const fake = w.fake.continueOn(server.url);
  t.teardown(() => fake.stop());
  fake.start();
  await eventually(() => w.engine.connected);
  await ask(100);
  const all = await Promise.all(outcomes);
  const taken = [...w.fake.taken, ...fake.taken].map(orderIdOf);
  const refused = new Set(all.filter(({ code }) => code === 'SERVER_BUSY').map(({ orderId }) => orderId));
  t.equal(new Set(taken).size, taken.length, 'nothing twice');
  t.same(
    taken.filter(orderId => refused.has(orderId)),
    [],
    'nothing that was refused',
  );
  t.ok(refused.size > 100, `${refused.size} refused`);
  t.ok(all.slice(-100).every(({ code }) => code === 'NOT_HELD'));
  t.ok(all.every(({ afterMs }) => afterMs < REPLY_TIMEOUT_MS + REPLY_GRACE_MS + 200));
});

t.test('a client that starts before Redis is there', async t => {
  const keys = keysOf('client_early');
  const proxy = await TcpProxy.start('redis://127.0.0.1:1');
  const log = pino({ level: 'silent' });
  const engine = new EngineClient({ redis: redisAt(proxy.url), keys, instance: 'x'.repeat(100), log });
  t.teardown(() => {
    engine.stop();
    proxy.close();
  });
  t.match(await outcomeOf(engine, 1), { code: 'SERVER_BUSY' });
  engine.start();
  await sleep(50);
  t.match(await outcomeOf(engine, 2), { code: 'SERVER_BUSY' });
  proxy.retarget(server.url);
  const fake = new FakeEngine(server.url, keys);
  fake.start();
  t.teardown(() => fake.stop());
  await eventually(() => engine.connected);
  t.match(await outcomeOf(engine, 3), { code: 'NOT_HELD' });
  t.equal(fake.taken[0]!.replyTo.length <= 64, true);
});
