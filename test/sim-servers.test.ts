/**
 * The simulated Redis and Postgres do what the real ones do: each scenario is played on both, with the product's own code,
 * and must give the same, answer by answer.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import t, { type Test } from 'tap';
import { Database } from '../api/database.js';
import { LIST_LIMIT } from '../api/engine-client.js';
import { storedCandles } from '../api/stored-candles.js';
import { storedTrades } from '../api/stored-trades.js';
import { fold } from '../db-writer/fold.js';
import { migrate } from '../db-writer/migrate.js';
import { readWatermark, type Watermark, write } from '../db-writer/write.js';
import { Admission } from '../engine/admission.js';
import { type AppliedBatch, applyBatch } from '../engine/batch.js';
import { loadCheckpoint } from '../engine/checkpoint.js';
import { Clock } from '../engine/clock.js';
import { CommandLog } from '../engine/command-log.js';
import { Machine } from '../engine/machine.js';
import { startPrivateRedis } from '../scripts/running/private-redis.js';
import { planOf } from '../scripts/sim/plan.js';
import { simulatedPool } from '../scripts/sim/postgres-client.js';
import { FORMS } from '../scripts/sim/postgres-tables.js';
import { simulatedRedis } from '../scripts/sim/redis-client.js';
import type { Owner } from '../scripts/sim/scheduler.js';
import { World } from '../scripts/sim/world.js';
import { type BatchText, encodeRequest, LOGIC } from '../shared/domain/codec.js';
import { GENESIS } from '../shared/domain/genesis.js';
import { checkPostgresDurability } from '../shared/io/durability.js';
import { type Keys, keysOf } from '../shared/io/keys.js';
import { createLogger, type Logger } from '../shared/io/log.js';
import { createPool } from '../shared/io/postgres.js';
import { connectOnce, connectPatiently, type RedisServer, redisAt } from '../shared/io/redis.js';
import { TcpProxy } from './tcp-proxy.js';
import { eventually } from './ws-client.js';

const log = createLogger('sim-servers', 'silent');
const COMMIT_BATCHES = 3;
const PUSH = readFileSync(new URL('../api/push.lua', import.meta.url), 'utf8');
const MOVE_WATERMARK = readFileSync(new URL('../db-writer/sql/move-watermark.sql', import.meta.url), 'utf8');

/** A Redis in which nothing is, and a way to be unlucky with it. */
interface RedisUnderTest {
  readonly keys: Keys;
  readonly server: RedisServer;
  setFull(isFull: boolean): Promise<void>;
  /** Has no bad luck. */
  readonly witness: RedisServer;
  /** What is asked next on the connections of `server` has its effect, but its answer does not come. */
  mute(): void;
  /** And now the connections are gone. */
  cut(): void;
}

/** What was answered, step by step. */
type Transcript = unknown[];
type RedisScenario = (redis: RedisUnderTest) => Promise<Transcript>;

/** The answer, or what was said instead. */
async function said(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: Error) => `${error.name}: ${error.message.replace(/ script: .*/, '')}`);
}

async function saidOf(calls: readonly (() => Promise<unknown>)[]): Promise<Transcript> {
  const answers: Transcript = [];
  for (const call of calls) answers.push(await said(call()));
  return answers;
}

function scripted(redis: Redis, lua: string) {
  return (keys: readonly string[], ...args: string[]) =>
    redis.call('EVAL', lua, keys.length, ...keys, ...args);
}

const REDIS_SCENARIOS: Record<string, RedisScenario> = {
  'values, lists, hashes and what is not of that kind': async ({
    server,
    keys: { head: text, commands: list, standbys },
  }) => {
    const redis = connectPatiently(server);
    const answers = await saidOf([
      () => redis.get(text),
      () => redis.set(text, 'a'),
      () => redis.set(text, 'b', 'NX'),
      () => redis.get(text),
      () => redis.set(text, 'ü', 'PX', 50),
      () => redis.get(text),
      () => sleep(80).then(() => redis.get(text)),
      () => redis.rpush(list, '1', '2', '3', '4'),
      () => redis.lrange(list, 0, -1),
      () => redis.lrange(list, 1, 2),
      () => redis.lrange(list, 3, 9),
      () => redis.llen(list),
      () => redis.get(list),
      () => redis.ltrim(list, 1, -1),
      () => redis.lrange(list, 0, 1),
      () => redis.ltrim(list, 5, -1),
      () => redis.llen(list),
      () => redis.set(list, 'no list any more'),
      () => redis.rpush(list, 'x'),
      () => redis.hset(standbys, 'a', '1', 'b', '2'),
      () => redis.hset(standbys, 'a', '3'),
      () => redis.hgetall(standbys),
      () => redis.hdel(standbys, 'a', 'c'),
      () => redis.hget(standbys, 'b'),
      () => redis.del(text, list, standbys),
    ]);
    redis.disconnect();
    return answers;
  },

  'a stream refuses ids, waits, and is trimmed': async ({ server, keys: { journal } }) => {
    const [redis, other] = [connectPatiently(server), connectPatiently(server)];
    const add = (id: string) => redis.xadd(journal, id, 'name', 'value');
    const large = (id: number) => redis.xadd(journal, `${id}-0`, 'name', 'v'.repeat(5000));
    const ids = async () => (await redis.xrange(journal, '-', '+')).map(([id]) => id);
    const answers = await saidOf([
      () => redis.xinfo('STREAM', journal),
      () => add('2-0'),
      () => add('2-0'),
      () => add('1-0'),
      () => add('5-0'),
      () => redis.xrange(journal, '-', '+'),
      () => redis.xrange(journal, '3-0', '+', 'COUNT', 1),
      () => redis.xrevrange(journal, '+', '-', 'COUNT', 1),
      () => redis.xread('COUNT', 1, 'STREAMS', journal, '0-0'),
      () => redis.xread('COUNT', 1, 'STREAMS', journal, '5-0'),
      () => redis.xread('COUNT', 1, 'BLOCK', 30, 'STREAMS', journal, '5-0'),
      () => {
        const waiting = redis.xread('COUNT', 9, 'BLOCK', 5000, 'STREAMS', journal, '5-0');
        return other.xadd(journal, '7-0', 'name', 'value').then(() => waiting);
      },
      ...[8, 9, 10, 11].map(id => () => large(id)),
      async () => ((await redis.xtrim(journal, 'MINID', '~', '10-0')) as number) <= 5,
      async () => (await ids()).includes('10-0'),
      () => redis.xtrim(journal, 'MINID', '~', '99-0').then(() => add('11-0')),
    ]);
    const info = (await redis.xinfo('STREAM', journal)) as unknown[];
    const last = info[info.indexOf('last-generated-id') + 1];
    for (const each of [redis, other]) each.disconnect();
    return [...answers, last];
  },

  'settings, pipelines, bytes, and a stream that is trimmed by what is added': async ({ server, keys }) => {
    const redis = connectPatiently(server);
    const add = (id: number) =>
      redis.xadd(
        keys.reports,
        'MINID',
        '~',
        `${Math.max(0, id - 2)}-0`,
        `${id}-0`,
        'reports',
        'r'.repeat(5000),
      );
    const answers = await saidOf([
      () => redis.ping(),
      () => redis.config('GET', 'appendonly'),
      () => redis.config('GET', 'appendfsync'),
      () => redis.config('GET', 'maxmemory-policy'),
      () => redis.config('GET', 'nothing'),
      () => redis.pipeline().publish(keys.wake, 'a').publish(keys.wake, 'b').exec(),
      () => redis.xadd(keys.journal, '1-0', 'name', 'ü'),
      () => redis.xreadBuffer('COUNT', 2, 'STREAMS', keys.journal, '0-0'),
      () => redis.xreadBuffer('COUNT', 2, 'STREAMS', keys.journal, '1-0'),
      ...[1, 2, 3, 4, 5, 6].map(id => () => add(id)),
      () => add(6),
      () => redis.xrange(keys.reports, '4-0', '+'),
      () => redis.xrange(keys.reports, '-', '+', 'COUNT', 1),
    ]);
    redis.disconnect();
    return answers;
  },

  'a script: what becomes of values, and what it wrote before it failed': async ({ server, keys }) => {
    const redis = connectPatiently(server);
    const run = (lua: string, ...args: string[]) => scripted(redis, lua)([keys.head, keys.journal], ...args);
    const answers = await saidOf([
      () => run('return {1, 3.9, "text", false, "after a hole"}'),
      () => run('return {1, {2, {3}}, nil, 4}'),
      () => run('return true'),
      () => run('return false'),
      () => run('return redis.call("GET", KEYS[1]) == false'),
      () => run('return ARGV[1] + 1', '41'),
      () => run('return #ARGV[1]', 'ü'),
      () => run('return redis.error_reply("FENCED by hand")'),
      () => run('return redis.call("SET", KEYS[1], "x").ok'),
      () => run('redis.call("SET", KEYS[1], "kept") redis.call("XADD", KEYS[2], "0-0", "a", "b")'),
      () => redis.get(keys.head),
      () => run('redis.call("SET", KEYS[1], "kept too") redis.call("LLEN", KEYS[1])'),
      () => redis.get(keys.head),
      () => run('return string.format("%d:%s %.0f", 7, ARGV[1], 12345678901234)', 'a'),
      () => run('return {string.match(ARGV[1], "^(%d+):(%d+)$")}', '12:345'),
    ]);
    redis.disconnect();
    // How a command that is refused because of its kind is named differs by version.
    return answers.map(answer => (typeof answer === 'string' ? answer.replace(/ID .*/, 'ID') : answer));
  },

  'without memory': async ({ server, setFull, keys: { commands, head, journal } }) => {
    const redis = connectPatiently(server);
    await redis.rpush(commands, 'a', 'b');
    const lua = `redis.call('LTRIM', KEYS[1], 1, -1) redis.call('SET', KEYS[2], 'x') return 'done'`;
    await setFull(true);
    const answers = await saidOf([
      () => redis.set(head, 'x'),
      () => redis.rpush(commands, 'c'),
      () => redis.xadd(journal, '1-0', 'a', 'b'),
      () => redis.lrange(commands, 0, -1),
      () => redis.ltrim(commands, 0, -1),
      () => scripted(redis, `return redis.call('SET', KEYS[1], 'x')`)([head]),
      () => scripted(redis, lua)([commands, head]),
      () => redis.del(head),
    ]);
    await setFull(false);
    answers.push(await redis.lrange(commands, 0, -1));
    redis.disconnect();
    return answers;
  },

  "the engine's scripts": async ({ server, keys }) => {
    const commandLog = new CommandLog(server, keys, log);
    const { reader } = commandLog;
    await eventually(async () => (await commandLog.lead('a', 60_000).catch(() => null)) !== null);
    const [first, second] = EXAMPLE.batches;
    const state = async () => ({
      head: await reader.get(keys.head),
      leader: await reader.get(keys.leader),
      journal: (await reader.xrange(keys.journal, '-', '+')).map(([id, fields]) => [id, fields]),
      reports: await reader.xrange(keys.reports, '-', '+'),
      commands: await reader.lrange(keys.commands, 0, -1),
      letters: await reader.lrange(keys.deadLetters, 0, -1),
      attempts: await reader.get(keys.attempts),
      draining: await reader.get(keys.draining),
    });
    const letters = { ...second!, deadLetters: [{ entry: 'rubbish', reason: 'no JSON' }], taken: 1 };
    const answers = await saidOf([
      state,
      () => commandLog.lead('b', 60_000),
      () => commandLog.renew('b', 60_000),
      () => commandLog.renew('a', 60_000),
      () => reader.rpush(keys.commands, 'x'.repeat(900_000), 'y'.repeat(200_000), 'z', 'ü'),
      async () => (await commandLog.take('1:0')).entries.map(entry => entry.length),
      () => reader.ltrim(keys.commands, 2, -1),
      () => commandLog.take('1:0'),
      () => commandLog.take('0:9'),
      () => commandLog.commit('1:0', '1:1', first!),
      () => commandLog.commit('1:0', '1:1', first!),
      () => commandLog.commit('1:0', '1:2', first!),
      () => commandLog.commit('1:1', '1:2', first!),
      state,
      () => reader.set(keys.draining, 'asked'),
      () => commandLog.commit('1:1', '1:2', letters),
      state,
      () => commandLog.countAttempt('1:2', 1),
      () => commandLog.countAttempt('1:2', 1),
      () => commandLog.countAttempt('1:2', 7),
      () => commandLog.countAttempt('1:3', 1),
      () => commandLog.standBy('b', 12, 1000),
      async () => Object.keys(await reader.hgetall(keys.standbys)),
      () => commandLog.resign('b'),
      () => commandLog.resign('a'),
      () => commandLog.lead('b', 30),
      () => sleep(60).then(() => commandLog.renew('b', 60_000)),
      () => commandLog.journal.extent(),
      state,
    ]);
    commandLog.close();
    return answers;
  },

  "the api's script, and who hears of it": async ({ server, keys }) => {
    const [redis, subscriber] = [connectOnce(server), connectPatiently(server)];
    const heard: string[] = [];
    subscriber.on('message', (channel, message) => heard.push(`${channel} ${message}`));
    subscriber.on('pmessage', (pattern, channel, message) => heard.push(`${pattern} ${channel} ${message}`));
    await subscriber.subscribe(keys.wake);
    await subscriber.psubscribe(keys.allMarkets);
    await redis.connect();
    redis.defineCommand('push', { numberOfKeys: 2, lua: PUSH });
    const push = (...args: (string | number)[]) =>
      (redis as unknown as { push(...all: (string | number)[]): Promise<number> }).push(
        keys.commands,
        keys.wake,
        ...args,
      );
    const answers = await saidOf([
      () => push(3, 'a', 'b'),
      () => push(3, 'c', 'd'),
      () => push(3, 'e'),
      () => redis.lrange(keys.commands, 0, -1),
      () => redis.del(keys.commands),
      () => push(LIST_LIMIT, ...Array.from({ length: 2500 }, (_, index) => `entry ${index}`)),
      () => redis.llen(keys.commands),
      () => redis.publish(keys.market('ADA_USDT'), 'ü'),
      () => redis.publish('nobody', ''),
    ]);
    await eventually(() => heard.length === 3);
    for (const each of [redis, subscriber]) each.disconnect();
    return [...answers, heard];
  },

  'a connection that never sends again, and one that does': async unlucky => {
    const { server, keys } = unlucky;
    const once = connectOnce(server);
    const patient = connectPatiently(server);
    const witness = connectPatiently(unlucky.witness);
    for (const each of [once, patient]) each.on('error', () => {});
    const answers: Transcript = [];
    for (const [name, redis] of [
      ['once', once],
      ['patient', patient],
    ] as const) {
      await redis.connect();
      await redis.ping();
      unlucky.mute();
      const pushing = said(redis.rpush(keys.commands, name));
      await eventually(async () => (await witness.llen(keys.commands)) > 0);
      unlucky.cut();
      answers.push(await pushing, await witness.lrange(keys.commands, 0, -1));
      await witness.del(keys.commands);
      await eventually(() => redis.status === 'ready');
    }
    for (const each of [once, patient, witness]) each.disconnect();
    answers.push(await said(once.ping()));
    return answers;
  },
};

/** What an engine would have written: the fresh exchange, then orders and trades. */
function exampleBatches(): { batches: AppliedBatch[]; texts: BatchText[] } {
  const machine = new Machine();
  machine.startReporting();
  const parts = { machine, clock: new Clock(Date.UTC(2030, 0, 1)), admission: new Admission() };
  const requests = [...GENESIS, ...planOf(3).asked.map(({ request }) => request)];
  const entries = requests.map((request, requestId) =>
    encodeRequest({ requestId, replyTo: 'api', deadline: Number.MAX_SAFE_INTEGER, request }),
  );
  const batches: AppliedBatch[] = [];
  const size = Math.ceil(entries.length / COMMIT_BATCHES);
  let after = 0;
  for (let at = 0; at < entries.length; at += size) {
    const place = { head: `1:${batches.length + 1}`, after };
    const batch = applyBatch(parts, entries.slice(at, at + size), place);
    after = batch.journal!.end;
    batches.push({ ...batch, taken: 0 });
  }
  return { batches, texts: batches.map(({ journal }) => journal!) };
}

/** A Postgres with the tables of an exchange, and a way to be unlucky with it. */
interface PostgresUnderTest extends Pick<RedisUnderTest, 'mute' | 'cut'> {
  readonly pool: pg.Pool;
  /** Has no bad luck. */
  readonly witness: pg.Pool;
}

type PostgresScenario = (postgres: PostgresUnderTest, texts: readonly BatchText[]) => Promise<Transcript>;

async function begun(pool: pg.Pool): Promise<Watermark> {
  await pool.query(
    `INSERT INTO watermark (sequence, state_hash, head, exchange_id, logic) VALUES (0, $1, '0:0', $2, $3)
     ON CONFLICT DO NOTHING`,
    [new Machine().exchange.stateHash, 'exchange', LOGIC],
  );
  return (await readWatermark(pool))!;
}

/** Every row of every table. */
async function rowsOf(pool: pg.Pool): Promise<Transcript> {
  const tables: Transcript = [];
  for (const [table, { types, key }] of FORMS) {
    if (table === 'watermark' || table === 'klines') continue;
    const client = await pool.connect();
    const columns = Object.keys(types);
    const query = `SELECT ${columns.join(', ')} FROM ${table} WHERE TRUE ORDER BY ${key.join(', ')}`;
    const pieces: Buffer[] = [];
    const copying = client.query(copyTo(`COPY (${query}) TO STDOUT`)) as AsyncIterable<Buffer>;
    for await (const piece of copying) pieces.push(piece);
    client.release();
    tables.push([table, Buffer.concat(pieces).toString().split('\n')]);
  }
  return tables;
}

const POSTGRES_SCENARIOS: Record<string, PostgresScenario> = {
  'what the writer writes, the engine loads': async ({ pool }, [first, ...rest]) => {
    const start = await begun(pool);
    const answers: Transcript = [start, await begun(pool)];
    answers.push(await write(pool, start, fold([first!])));
    answers.push(await said(write(pool, start, fold([first!]))));
    const then = (await readWatermark(pool))!;
    answers.push(then, await write(pool, then, fold(rest)), await readWatermark(pool));
    const machine = new Machine();
    answers.push(await loadCheckpoint(pool, machine, log), machine.exchange.stateHash);
    answers.push(await rowsOf(pool));
    return answers;
  },

  'what the api reads of trades and candles': async ({ pool }, texts) => {
    const start = await begun(pool);
    // Candles of the first batches are there when the others add to them.
    await write(pool, start, fold(texts.slice(0, 2)));
    await write(pool, (await readWatermark(pool))!, fold(texts.slice(2)));
    const database = new Database(pool, log);
    const [readTrades, readCandles] = [storedTrades(database), storedCandles(database)];
    const answers: Transcript = [];
    for (const market of ['ADA_USDT', 'ETH_USDT', 'BTC_USDT']) {
      answers.push(await readTrades(market, 1, 1000), await readTrades(market, 2, 3));
      answers.push(await readCandles(market, 0), await readCandles(market, Number.MAX_SAFE_INTEGER));
    }
    return answers;
  },

  'of two writers one writes, the other finds that it was late': async ({ pool }, [first]) => {
    const start = await begun(pool);
    const changes = fold([first!]);
    const written = await Promise.all([1, 2].map(() => write(pool, start, changes)));
    return [written.sort(), await readWatermark(pool)];
  },

  'a row that is there already ends the transaction, and nothing of it stays': async ({ pool }, texts) => {
    const start = await begun(pool);
    await write(pool, start, fold(texts));
    const { sequence } = (await readWatermark(pool))!;
    await pool.query(MOVE_WATERMARK, [0, 'hash', '0:0', LOGIC, sequence, 'exchange']);
    const again = await write(pool, start, fold(texts)).catch(error => error.code);
    return [again, await readWatermark(pool), await rowsOf(pool)];
  },

  'a snapshot stays as it was, a plain transaction does not': async ({ pool }, [first]) => {
    const start = await begun(pool);
    const answers: Transcript = [];
    const [snapshot, plain] = [await pool.connect(), await pool.connect()];
    await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await plain.query('BEGIN');
    const sequences = async () => {
      for (const client of [snapshot, plain]) {
        const { rows } = await client.query('SELECT sequence FROM watermark');
        answers.push(Number(rows[0].sequence));
      }
    };
    await sequences();
    await write(pool, start, fold([first!]));
    await sequences();
    for (const client of [snapshot, plain]) {
      await client.query('COMMIT');
      client.release();
    }
    answers.push((await readWatermark(pool))?.sequence);
    return answers;
  },

  'settings are told': async ({ pool }) => {
    const said: unknown[] = [];
    const listening = { error: (details: unknown) => said.push(details) } as unknown as Logger;
    await checkPostgresDurability(pool, listening);
    return said;
  },

  'a transaction ends with its connection, also with the answer to its COMMIT': async (
    { pool, witness, mute, cut },
    [first],
  ) => {
    const start = await begun(witness);
    const client = await pool.connect();
    await client.query('BEGIN');
    const moved = [first!.last, first!.stateHash, first!.head, LOGIC, 0, start.exchangeId];
    const answers: Transcript = [(await client.query(MOVE_WATERMARK, moved)).rowCount];
    mute();
    const asking = said(client.query('SELECT sequence FROM watermark'));
    await sleep(50);
    cut();
    answers.push(await asking, await said(client.query('COMMIT')), (await readWatermark(witness))?.sequence);
    client.release(true);
    const again = await pool.connect();
    await again.query('BEGIN');
    answers.push((await again.query(MOVE_WATERMARK, moved)).rowCount);
    mute();
    const committing = said(again.query('COMMIT'));
    await eventually(async () => (await readWatermark(witness))!.sequence > 0);
    cut();
    answers.push(await committing, (await readWatermark(witness))?.sequence);
    again.release(true);
    answers.push(await readWatermark(pool));
    return answers;
  },
};

const EXAMPLE = exampleBatches();

/** A simulated world that lives in real time. */
function livingWorld(t: Test): { world: World; owner: Owner } {
  const world = new World(1, false);
  const owner: Owner = { name: 'test', alive: true, pausedUntil: 0, clockOffsetMs: 0 };
  const began = performance.now();
  let isOver = false;
  const live = async () => {
    while (!isOver) {
      await world.scheduler.runUntil(performance.now() - began);
      await sleep(1);
    }
  };
  const living = live();
  t.teardown(() => {
    isOver = true;
    return living;
  });
  return { world, owner };
}

t.test('Redis', async t => {
  const folder = t.testdir();
  const real = await startPrivateRedis(`${folder}/redis`, `${folder}/redis.log`);
  const proxy = await TcpProxy.start(real.url);
  const setting = connectPatiently(redisAt(real.url));
  t.teardown(async () => {
    setting.disconnect();
    proxy.close();
    await real.stop();
  });
  for (const [name, scenario] of Object.entries(REDIS_SCENARIOS)) {
    t.test(name, async t => {
      const keys = keysOf(`sim_${randomBytes(6).toString('hex')}`);
      const { world, owner } = livingWorld(t);
      const simulated: RedisUnderTest = {
        keys,
        server: simulatedRedis(world, owner),
        witness: simulatedRedis(world, { ...owner }),
        setFull: async isFull => {
          world.redis.isFull = isFull;
        },
        mute: () => {
          for (const link of world.links.get(owner)!) link.doom = 'AFTER_EFFECT';
        },
        cut: () => {},
      };
      const actual: RedisUnderTest = {
        keys,
        server: redisAt(proxy.url),
        witness: redisAt(real.url),
        setFull: async isFull => {
          await setting.config('SET', 'maxmemory', isFull ? 1 : 0);
        },
        ...unlucky(proxy),
      };
      t.same(await scenario(simulated), await scenario(actual));
    });
  }
});

t.test('Postgres', async t => {
  const url = process.env.DATABASE_URL!;
  const proxy = await TcpProxy.start(url);
  t.teardown(() => proxy.close());
  const proxied = new URL(url);
  proxied.port = new URL(proxy.url).port;
  for (const [name, scenario] of Object.entries(POSTGRES_SCENARIOS)) {
    t.test(name, async t => {
      const namespace = `sim_${randomBytes(6).toString('hex')}`;
      await migrate(url, namespace, log);
      const [pool, witness] = [createPool(proxied.href, namespace, 4), createPool(url, namespace, 1)];
      t.teardown(async () => {
        await witness.query(`DROP SCHEMA ${namespace} CASCADE`);
        await Promise.all([pool.end(), witness.end()]);
      });
      const { world, owner } = livingWorld(t);
      const { network, postgres, postgresLinks: links } = world;
      const simulated: PostgresUnderTest = {
        pool: simulatedPool({ network, postgres, links }, owner, 4),
        witness: simulatedPool({ network, postgres, links }, { ...owner }, 1),
        mute: () => {
          for (const link of links.get(owner)!) link.doom = 'AFTER_EFFECT';
        },
        cut: () => {},
      };
      const actual: PostgresUnderTest = { pool, witness, ...unlucky(proxy) };
      t.same(await scenario(simulated, EXAMPLE.texts), await scenario(actual, EXAMPLE.texts));
    });
  }
});

function unlucky(proxy: TcpProxy): Pick<RedisUnderTest, 'mute' | 'cut'> {
  return {
    mute: () => proxy.mute(true),
    cut: () => {
      proxy.mute(false);
      proxy.cut();
    },
  };
}
