/**
 * Servers and processes are killed, cut off and starved in the middle of a trading day, on a Redis and a Postgres that
 * are started again as `npm start` does it: no process of ours ends, and every order is what its client was told.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Connection, httpRequest } from '../bench/load/connection.js';
import { privatePostgres } from '../scripts/running/private-postgres.js';
import { privateRedis } from '../scripts/running/private-redis.js';
import { KeptServer } from './kept-server.js';
import { RememberedFlow } from './remembered-flow.js';
import { type Stack, startStack } from './stack.js';
import { TcpProxy } from './tcp-proxy.js';

const LANES = 16;
const FILLING = Buffer.alloc(1_000_000);
const DISK_MEGABYTES = { redis: 16, postgres: 256 };

const folder = mkdtempSync(join(tmpdir(), 'lockstep-faults-'));
const disks: string[] = [];
/** Small disks of their own for the servers, where that is allowed. */
const hasDisks = Object.entries(DISK_MEGABYTES).every(([name, megabytes]) => mountDisk(name, megabytes));
const run = join(folder, 'run');
const redis = await KeptServer.start(
  await privateRedis(join(folder, 'redis'), join(folder, 'redis.log')),
  run,
);
const postgres = await KeptServer.start(
  await privatePostgres(join(folder, 'postgres'), join(folder, 'postgres.log')),
  run,
);
process.env.REDIS_URL = redis.url;
process.env.DATABASE_URL = postgres.url;
t.teardown(async () => {
  await Promise.all([redis.down(), postgres.down()]);
  for (const disk of disks) execFileSync('umount', [disk]);
  rmSync(folder, { recursive: true });
});

/** A folder's disk is full until that is called. */
function fillDisk(name: keyof typeof DISK_MEGABYTES): () => void {
  const [disk, filler] = [join(folder, name), join(folder, name, 'filler')];
  while (statfsSync(disk).bavail > 0) {
    try {
      appendFileSync(filler, FILLING);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  return () => rmSync(filler);
}

function mountDisk(name: string, megabytes: number): boolean {
  const disk = join(folder, name);
  mkdirSync(disk, { mode: 0o700 });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', disk], {
      stdio: 'ignore',
    });
    disks.push(disk);
    return true;
  } catch {
    return false;
  }
}

const PROCESSES = ['api', 'engine', 'db-writer'] as const;

/** Trades while the fault happens; afterwards all are alive, every order is what its client was told, and money is whole. */
async function survives(
  t: Test,
  stack: Stack,
  fault: (flow: RememberedFlow) => Promise<void>,
): Promise<void> {
  const flow = await RememberedFlow.start(stack, LANES);
  try {
    await flow.until(50, 'ACCEPTED');
    await fault(flow);
    await stack.ready();
    await flow.until(50, 'ACCEPTED');
  } finally {
    await flow.stop();
  }
  await flow.check(t);
  t.ok(
    PROCESSES.every(name => stack.isRunning(name)),
    'all processes live',
  );
  const { rows } = await stack.pool.query(`
    SELECT asset FROM balances GROUP BY asset HAVING sum(available + locked) <> 0
    UNION ALL SELECT market FROM trades GROUP BY market HAVING max(trade_id) <> count(*)
    UNION ALL SELECT market FROM trades GROUP BY market HAVING count(*) <> (
      SELECT sum(klines.trades) FROM klines WHERE klines.market = trades.market AND interval = '1m')`);
  t.same(rows, [], 'money is conserved, no trade is missing or double, candles agree with trades');
}

t.test('servers', async t => {
  const stack = await startStack(t);

  await t.test('Redis is killed and started again, several times', t =>
    survives(t, stack, async flow => {
      for (let kill = 0; kill < 3; kill++) {
        await redis.kill();
        await flow.until(20, 'ACCEPTED');
      }
    }),
  );

  await t.test(
    'what is queued goes with Redis: its client learns at once that its outcome is unknown',
    async t => {
      const user = await stack.trader({ USDT: '100' });
      const order = { market: 'ADA_USDT', clientOrderId: 'queued' };
      await stack.stop('engine');
      const body = { ...order, side: 'BUY', type: 'LIMIT', price: '0.1', quantity: '10' };
      const placing = stack.request('POST', '/api/v1/order', { ...user, body });
      const isQueued = async () =>
        (await stack.redis.lrange(stack.keys.commands, 0, -1)).some(entry => entry.includes('PLACE_ORDER'));
      await stack.until('it to be queued', isQueued);
      await redis.kill();
      t.match(await placing, { status: 504, body: { error: { code: 'UNKNOWN_OUTCOME' } } });
      t.notOk(await isQueued(), 'though the books may have been asked for since');
      stack.start('engine');
      await stack.ready();
      const found = await stack.request('GET', `/api/v1/order?${new URLSearchParams(order)}`, user);
      t.match(found, { status: 404, body: { error: { code: 'UNKNOWN_ORDER' } } });
    },
  );

  await t.test('Postgres is away: trading goes on, history says so, then it catches up', t =>
    survives(t, stack, async flow => {
      const user = await stack.trader({ ADA: '1' });
      const history = async () => (await stack.request('GET', '/api/v1/user/order', user)).body.error?.code;
      t.equal(await history(), undefined);
      await postgres.down();
      await flow.until(200, 'ACCEPTED');
      t.equal(await history(), 'HISTORY_UNAVAILABLE');
      await sleep(3000);
      await flow.until(200, 'ACCEPTED');
      await postgres.up();
      await stack.until('history', async () => (await history()) === undefined);
    }),
  );

  await t.test('Postgres is killed and started again', t => survives(t, stack, () => postgres.kill()));

  await t.test('both are killed at once', t =>
    survives(t, stack, async () => {
      await Promise.all([redis.kill(), postgres.kill()]);
    }),
  );

  await t.test('the api is killed: what was queued executes once, and a new one knows', t =>
    survives(t, stack, async flow => {
      for (let kill = 0; kill < 2; kill++) {
        await stack.kill('api');
        stack.start('api');
        await stack.ready();
        await flow.until(50, 'ACCEPTED');
      }
      t.not(flow.count('ECONNRESET'), 0, 'orders were under way');
    }),
  );

  const needsDisks = hasDisks ? {} : { skip: 'a small disk cannot be mounted here (needs root)' };

  await t.test("Redis' disk is full", needsDisks, t =>
    survives(t, stack, async flow => {
      const ended = redis.ends.length;
      const makeRoom = fillDisk('redis');
      await stack.until('Redis to end', async () => redis.ends.length > ended + 1);
      await flow.until(20, 'SERVER_BUSY', 'UNKNOWN_OUTCOME', 'EXPIRED_IN_QUEUE');
      makeRoom();
      await redis.answering();
    }),
  );

  await t.test("Postgres' disk is full", needsDisks, t =>
    survives(t, stack, async flow => {
      const makeRoom = fillDisk('postgres');
      const log = join(folder, 'postgres.log');
      const isFull = async () => readFileSync(log, 'utf8').includes('No space left on device');
      await stack.until('Postgres to find no room', isFull);
      await flow.until(200, 'ACCEPTED');
      t.ok(stack.isRunning('db-writer'), 'the writer waits, trading goes on');
      makeRoom();
    }),
  );
});

t.test('a Redis that cannot be reached: refused at once, and nothing piles up', async t => {
  const stack = await startStack(t);
  const proxy = await TcpProxy.start(redis.url);
  t.teardown(() => proxy.close());
  await stack.stop('api');
  stack.start('api', { REDIS_URL: proxy.url });
  await stack.ready();
  const { token } = await stack.trader({ USDT: '1' });
  const order = { market: 'ADA_USDT', side: 'BUY', type: 'LIMIT', price: '1', quantity: '1' };
  const request = httpRequest('POST', '/api/v1/order', token, order);
  proxy.retarget('redis://127.0.0.1:1');
  proxy.cut();

  const answers = await ask(stack, request, 10_000);
  const before = residentMegabytes(stack.pid('api'));
  const more = await ask(stack, request, 10_000);
  const grown = residentMegabytes(stack.pid('api')) - before;
  t.same([...answers.keys(), ...more.keys()], ['503 SERVER_BUSY', '503 SERVER_BUSY']);
  // Less than two kilobytes a request; the heap may breathe.
  t.ok(grown < 40, `memory grew by ${grown} MB over 10,000 refusals, from ${before} MB`);
  proxy.retarget(redis.url);
  await stack.ready();
});

/** So many requests over a few connections, one after the other; counts the answers by status and code. */
async function ask(stack: Stack, request: string, times: number): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  let left = times;
  const { hostname, port } = new URL(stack.url);
  const lane = () =>
    new Promise<void>(resolve => {
      const connection = new Connection({ host: hostname, port: Number(port) }, (status, body) => {
        const outcome = `${status} ${JSON.parse(body).error?.code}`;
        answers.set(outcome, (answers.get(outcome) ?? 0) + 1);
        next();
      });
      const next = () => {
        if (left-- > 0) return connection.send(request);
        connection.close();
        resolve();
      };
      next();
    });
  await Promise.all(Array.from({ length: LANES }, lane));
  return answers;
}

function residentMegabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}
