/**
 * The lives of engines: one leads and the others follow, whoever is paused, killed or started at once; a command that
 * ends engines ends only so many; a clock that jumps expires nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { encodeRequest } from '../shared/domain/codec.js';
import { type Answer, type ProcessName, type Stack, startStack, type TestUser } from './stack.js';

const V1 = '/api/v1';

const preload = (module: string): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--import=${new URL(module, import.meta.url).href}`,
});

function place(stack: Stack, user: TestUser, clientOrderId: string): Promise<Answer> {
  const body = { market: 'ADA_USDT', side: 'BUY', type: 'LIMIT', price: '1', quantity: '1', clientOrderId };
  return stack.request('POST', `${V1}/order`, { token: user.token, body });
}

async function health(stack: Stack): Promise<Answer['body']> {
  return (await stack.request('GET', '/health/ready')).body;
}

/** Waits until the engine leads; returns the epoch. */
async function leads(stack: Stack, name: ProcessName): Promise<number> {
  let epoch = 0;
  await stack.until(`${name} to lead`, async () => {
    const { leader, ready } = await health(stack);
    epoch = leader?.epoch ?? 0;
    return ready && leader.instance === `${name}-${stack.pid(name)}`;
  });
  return epoch;
}

async function openOrders(stack: Stack, { token }: TestUser): Promise<string[]> {
  const { body } = await stack.request('GET', `${V1}/order/open`, { token });
  return body.map(({ clientOrderId }: { clientOrderId: string }) => clientOrderId);
}

t.test('a standby follows in lockstep and takes over', async t => {
  const stack = await startStack(t);
  const user = await stack.trader({ USDT: '100' });
  t.equal(await leads(stack, 'engine'), 1);
  t.same((await health(stack)).standbys, []);

  stack.start('engine-2');
  await stack.until('the standby to be told of', async () => (await health(stack)).standbys.length === 1);
  const { body: order } = await place(stack, user, 'first');
  const standby = { instance: `engine-2-${stack.pid('engine-2')}`, sequence: Number(order.orderId), lag: 0 };
  await stack.until('the standby to have come as far', async () => {
    const [told] = (await health(stack)).standbys;
    return told?.sequence === standby.sequence;
  });
  t.same((await health(stack)).standbys, [standby]);

  await t.test('from one that was killed', async t => {
    await stack.kill('engine');
    t.equal(await leads(stack, 'engine-2'), 2);
    t.same((await health(stack)).standbys, [], 'who leads does not stand by');
    t.equal((await place(stack, user, 'second')).status, 201);
    t.same(await openOrders(stack, user), ['first', 'second']);
  });

  await t.test('from one that is paused, which finds itself fenced when it goes on', async t => {
    stack.start('engine');
    await stack.until('a standby', async () => (await health(stack)).standbys.length === 1);
    process.kill(stack.pid('engine-2'), 'SIGSTOP');
    t.equal(await leads(stack, 'engine'), 3);
    t.equal((await place(stack, user, 'third')).status, 201);
    process.kill(stack.pid('engine-2'), 'SIGCONT');
    t.equal(await stack.ended('engine-2'), 1);
    t.match(stack.log.join('\n'), /another engine leads|FENCED/);
    t.equal((await place(stack, user, 'fourth')).status, 201);
    t.same(await openOrders(stack, user), ['first', 'second', 'third', 'fourth']);
  });

  await t.test('from one that is asked to stop, at once', async t => {
    stack.start('engine-2', { LEASE_MS: '20000' });
    await stack.until('a standby', async () => (await health(stack)).standbys.length === 1);
    t.same(await stack.stop('engine'), [0]);
    t.equal(await leads(stack, 'engine-2'), 4);
  });

  await t.test('for as long as its lease says', async t => {
    await stack.kill('engine-2');
    stack.start('engine');
    await sleep(2000);
    t.equal((await health(stack)).leader.instance.slice(0, 8), 'engine-2', 'killed, and its lease holds');
    await stack.redis.del(stack.keys.leader);
    t.equal(await leads(stack, 'engine'), 5);
  });
});

t.test('of two engines that start at once one leads', async t => {
  const stack = await startStack(t);
  await stack.stop('engine');
  stack.start('engine');
  stack.start('engine-2');
  await stack.until('a leader and a standby', async () => {
    const { ready, leader, standbys } = await health(stack);
    return ready && leader.epoch === 2 && standbys.length === 1;
  });
  t.ok(stack.isRunning('engine') && stack.isRunning('engine-2'));
});

/** Starts the engine again whenever it has ended, as `npm start` does, until the condition holds. */
async function restarting(
  stack: Stack,
  env: NodeJS.ProcessEnv,
  done: () => Promise<boolean>,
): Promise<number> {
  let starts = 0;
  while (!(await done())) {
    if (!stack.isRunning('engine')) {
      starts++;
      stack.start('engine', { LEASE_MS: '200', ...env });
    }
    await sleep(50);
  }
  return starts;
}

t.test('an entry that ends the engine is set aside, and all others are executed', async t => {
  const stack = await startStack(t);
  const user = await stack.trader({ USDT: '100' });
  await stack.stop('engine');
  const deadline = Date.now() + 60_000;
  const entry = (name: string) =>
    encodeRequest({
      requestId: 1,
      replyTo: 'nobody',
      deadline,
      request: {
        kind: 'PLACE_ORDER',
        body: {
          account: Number(user.userId),
          market: 'ADA_USDT',
          clientOrderId: name,
          side: 'BUY',
          type: 'LIMIT',
          timeInForce: 'GTC',
          selfTradePrevention: 'EXPIRE_MAKER',
          price: 10_000,
          quantity: 10,
          quoteQuantity: null,
        },
      },
    });
  const names = ['a', 'b', 'poison', 'c', 'poison-2', 'd'];
  await stack.redis.rpush(stack.keys.commands, ...names.map(entry));
  const isEmpty = async () => (await stack.redis.llen(stack.keys.commands)) === 0;
  const starts = await restarting(stack, preload('./poison.js'), isEmpty);
  await stack.ready();
  t.same(await stack.redis.lrange(stack.keys.deadLetters, 0, -1), [entry('poison'), entry('poison-2')]);
  t.same(await openOrders(stack, user), ['a', 'b', 'c', 'd']);
  t.match(stack.log.join('\n'), /is never executed/);
  t.equal(starts, 3 + 2 + 2 + 1, 'together, alone, alone again with the second, and at last');
});

t.test('an engine that starts again and again without harm sets nothing aside', async t => {
  const stack = await startStack(t);
  const user = await stack.trader({ USDT: '100' });
  for (let i = 0; i < 7; i++) {
    await stack.kill('engine');
    await stack.redis.del(stack.keys.leader);
    stack.start('engine');
    await stack.ready();
  }
  t.equal((await place(stack, user, 'after')).status, 201);
  t.equal(await stack.redis.llen(stack.keys.deadLetters), 0);
});

t.test('the wall clock jumps, and nothing expires or goes back', async t => {
  const hour = 3_600_000;
  const offsets = { ...preload('./jumping-clock.js'), CLOCK_OFFSETS: `0,-${hour},${hour},-${hour}` };
  const stack = await startStack(t, { env: offsets });
  const user = await stack.trader({ USDT: '100' });
  let last = 0;
  const placeInTime = async (name: string) => {
    const { status, body } = await place(stack, user, name);
    t.equal(status, 201, name);
    t.ok(body.updatedAt >= last && body.updatedAt < Date.now() + 60_000, 'by the clock of the exchange');
    last = body.updatedAt;
  };
  const jump = async (...names: ProcessName[]) => {
    for (const name of names) process.kill(stack.pid(name), 'SIGUSR2');
    await sleep(200);
  };
  await placeInTime('before');
  await jump('api', 'engine');
  await placeInTime('an-hour-back');
  await jump('api', 'engine');
  await placeInTime('two-hours-on');
  await jump('api');
  await stack.stop('engine');
  stack.start('engine', { CLOCK_OFFSETS: `-${hour}` });
  await stack.ready();
  await placeInTime('started-with-a-clock-that-is-behind');
  t.match(stack.log.join('\n'), /the wall clock has jumped/);
});
