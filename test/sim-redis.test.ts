/**
 * The simulated Redis does what the real one does: each scenario is played on both, with the product's own connections and
 * scripts, and must give the same, answer by answer.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import t from 'tap';
import { LIST_LIMIT } from '../api/engine-client.js';
import { CommandLog } from '../engine/command-log.js';
import { privateRedis } from '../scripts/running/private-redis.js';
import { simulatedRedis } from '../scripts/sim/redis-client.js';
import { type Keys, keysOf } from '../shared/io/keys.js';
import { createLogger } from '../shared/io/log.js';
import { connectOnce, connectPatiently, type RedisServer, redisAt } from '../shared/io/redis.js';
import { KeptServer } from './kept-server.js';
import { withPush } from './push.js';
import {
  type BadLuck,
  exampleBatches,
  livingWorld,
  said,
  saidOf,
  simulatedBadLuck,
  type Transcript,
  unlucky,
} from './server-scenarios.js';
import { TcpProxy } from './tcp-proxy.js';
import { eventually } from './ws-client.js';

const log = createLogger('sim-redis', 'silent');
const { batches: EXAMPLE } = exampleBatches();

/** A Redis in which nothing is. */
interface RedisUnderTest extends BadLuck {
  readonly keys: Keys;
  readonly server: RedisServer;
  setFull(isFull: boolean): Promise<void>;
  /** As `kill -9`, after which it is started again. */
  kill(): Promise<void>;
  /** Has no bad luck. */
  readonly witness: RedisServer;
}

type Scenario = (redis: RedisUnderTest) => Promise<Transcript>;

function scripted(redis: Redis, lua: string) {
  return (keys: readonly string[], ...args: string[]) =>
    redis.call('EVAL', lua, keys.length, ...keys, ...args);
}

const SCENARIOS: Record<string, Scenario> = {
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
    const [first, second] = EXAMPLE;
    const state = async () => ({
      head: await reader.get(keys.head),
      leader: await reader.get(keys.leader),
      journal: (await reader.xrange(keys.journal, '-', '+')).map(([id, fields]) => [id, fields]),
      reports: await reader.xrange(keys.reports, '-', '+'),
      feed: await reader.xrange(keys.feed, '-', '+'),
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
    await subscriber.subscribe(keys.wake);
    await redis.connect();
    const push = withPush(redis, keys);
    const answers = await saidOf([
      () => push(3, 'a', 'b'),
      () => push(3, 'c', 'd'),
      () => push(3, 'e'),
      () => redis.lrange(keys.commands, 0, -1),
      () => redis.del(keys.commands),
      () => push(LIST_LIMIT, ...Array.from({ length: 2500 }, (_, index) => `entry ${index}`)),
      () => redis.llen(keys.commands),
      () => redis.publish(keys.wake, 'ü'),
      () => redis.publish('nobody', ''),
    ]);
    await eventually(() => heard.length === 3);
    for (const each of [redis, subscriber]) each.disconnect();
    return [...answers, heard];
  },

  'a start again: what was pushed is gone, what was committed is not': async ({ server, keys, kill }) => {
    const redis = connectPatiently(server);
    const commandLog = new CommandLog(server, keys, log);
    redis.on('error', () => {});
    const push = withPush(redis, keys);
    await eventually(async () => (await commandLog.lead('a', 60_000).catch(() => null)) !== null);
    const list = () => redis.lrange(keys.commands, 0, -1);
    const answers = await saidOf([
      () => push(LIST_LIMIT, 'a', 'b'),
      () => redis.rpush(keys.commands, 'c', 'd'),
      () => push(LIST_LIMIT, 'e'),
      () => commandLog.take('1:0'),
      () => commandLog.commit('1:0', '1:1', { ...EXAMPLE[0]!, taken: 3 }),
      kill,
    ]);
    await eventually(() => redis.status === 'ready');
    answers.push(...(await saidOf([list, () => redis.get(keys.head), () => commandLog.journal.extent()])));
    redis.disconnect();
    commandLog.close();
    return answers;
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

t.test('Redis', async t => {
  const folder = t.testdir();
  const real = await KeptServer.start(
    await privateRedis(`${folder}/redis`, `${folder}/redis.log`),
    `${folder}/run`,
  );
  const proxy = await TcpProxy.start(real.url);
  const setting = connectPatiently(redisAt(real.url));
  t.teardown(async () => {
    setting.disconnect();
    proxy.close();
    await real.down();
  });
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
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
        kill: async () => {
          world.redis.crash();
          world.redis.start();
        },
        ...simulatedBadLuck(() => world.links.get(owner)!),
      };
      const actual: RedisUnderTest = {
        keys,
        server: redisAt(proxy.url),
        witness: redisAt(real.url),
        setFull: async isFull => {
          await setting.config('SET', 'maxmemory', isFull ? 1 : 0);
        },
        kill: () => real.kill(),
        ...unlucky(proxy),
      };
      t.same(await scenario(simulated), await scenario(actual));
    });
  }
});
