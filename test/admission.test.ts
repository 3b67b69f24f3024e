/**
 * When commands are not taken: the journal is full, or the exchange drains for an upgrade. What is refused then has
 * never been queued; queries are answered all the time.
 */
import t from 'tap';
import { CommandLog } from '../engine/command-log.js';
import { recover } from '../engine/recovery.js';
import { encodeRequest, LOGIC } from '../shared/domain/codec.js';
import { createLogger } from '../shared/io/log.js';
import { redisAt } from '../shared/io/redis.js';
import { type Answer, type Stack, startStack, type TestUser } from './stack.js';

const V1 = '/api/v1';

function place(stack: Stack, user: TestUser): Promise<Answer> {
  const body = { market: 'ADA_USDT', side: 'BUY', type: 'LIMIT', price: '1', quantity: '1' };
  return stack.request('POST', `${V1}/order`, { token: user.token, body });
}

const code = ({ status, body }: Answer): string => `${status} ${body?.error?.code ?? 'OK'}`;

/** Everything that a user can ask for, with the answers' codes. */
async function attempts(stack: Stack, user: TestUser, orderId: string): Promise<Record<string, string>> {
  const { token } = user;
  const deposit = { token, body: { asset: 'USDT', amount: '1' } };
  return {
    place: code(await place(stack, user)),
    deposit: code(await stack.request('POST', `${V1}/user/deposit`, deposit)),
    query: code(await stack.request('GET', `${V1}/order?orderId=${orderId}`, { token })),
    balances: code(await stack.request('GET', `${V1}/user`, { token })),
    cancel: code(await stack.request('DELETE', `${V1}/order?orderId=${orderId}`, { token })),
  };
}

/** A list entry whose answer nobody waits for: a command for the journal. */
function withdrawal(user: TestUser): string {
  const body = { account: Number(user.userId), asset: 'USDT', amount: 1n, key: null };
  const request = { kind: 'WITHDRAW', body } as const;
  return encodeRequest({ requestId: 1, replyTo: 'nobody', deadline: Number.MAX_SAFE_INTEGER, request });
}

const ALL_TAKEN = {
  place: '201 OK',
  deposit: '201 OK',
  query: '200 OK',
  balances: '200 OK',
  cancel: '200 OK',
};

t.test('a journal past its limit takes cancels and queries only', async t => {
  const stack = await startStack(t, { env: { JOURNAL_LIMIT_MB: '1' } });
  const user = await stack.trader({ USDT: '10000' });
  const [first, second] = [await place(stack, user), await place(stack, user)];
  stack.start('engine-2');
  const standbys = async () => (await stack.request('GET', '/health/ready')).body.standbys;
  await stack.until('a standby', async () => (await standbys()).length === 1);
  process.kill(stack.pid('engine-2'), 'SIGSTOP');
  await stack.kill('db-writer');
  await stack.redis.rpush(stack.keys.commands, ...Array(5000).fill(withdrawal(user)));
  const isFull = async () => code(await place(stack, user)) === '503 SERVER_BUSY';
  await stack.until('the journal to be full', isFull);
  const full = await attempts(stack, user, first.body.orderId);
  t.same(full, { ...ALL_TAKEN, place: '503 SERVER_BUSY', deposit: '503 SERVER_BUSY' });
  t.match(stack.log.join('\n'), /the journal is full/);
  stack.start('db-writer');
  await stack.until('room in the journal', async () => (await place(stack, user)).status === 201);
  t.same(await attempts(stack, user, second.body.orderId), ALL_TAKEN);

  await t.test('and a standby that is behind what was trimmed loads the checkpoint again', async t => {
    process.kill(stack.pid('engine-2'), 'SIGCONT');
    await stack.until('the standby to have come as far', async () => (await standbys())[0]?.lag === 0);
    t.match(stack.log.join('\n'), /loading the checkpoint again/);
    t.ok(stack.isRunning('engine-2'));
  });
});

t.test('an exchange that drains', async t => {
  const stack = await startStack(t);
  const user = await stack.trader({ USDT: '100' });
  const { body: order } = await place(stack, user);
  await stack.redis.set(stack.keys.draining, 'asked');
  const isBegun = async () => (await stack.redis.get(stack.keys.draining)) === 'begun';
  await stack.until('the exchange to drain', isBegun);
  const busy = { place: '503 SERVER_BUSY', deposit: '503 SERVER_BUSY', cancel: '503 SERVER_BUSY' };
  t.same(await attempts(stack, user, order.orderId), { ...ALL_TAKEN, ...busy }, 'takes no command');
  await stack.settled();

  const commandLog = new CommandLog(
    redisAt(process.env.REDIS_URL!),
    stack.keys,
    createLogger('test', 'silent'),
  );
  t.teardown(() => commandLog.close());
  const { keys, pool } = stack;
  const start = () => recover({ commandLog, keys, pool, log: createLogger('test', 'silent') });
  const { exchange } = await start();

  await t.test('can be gone on with by another logic', async t => {
    await pool.query('UPDATE watermark SET logic = $1, state_hash = $2', [LOGIC - 1, 'as it was then']);
    t.equal((await start()).exchange.stateHash, exchange.stateHash);
    await pool.query('UPDATE balances SET available = available + 1 WHERE account = $1', [user.userId]);
    await t.rejects(start(), /sum/, 'but not with a state that contradicts itself');
    await pool.query('UPDATE balances SET available = available - 1 WHERE account = $1', [user.userId]);
  });

  await t.test('takes commands again with its next leader', async t => {
    await pool.query('UPDATE watermark SET logic = $1, state_hash = $2', [LOGIC, exchange.stateHash]);
    await stack.stop('engine');
    stack.start('engine');
    await stack.ready();
    t.same(await attempts(stack, user, order.orderId), ALL_TAKEN);
  });

  await t.test('and no other logic goes on in the middle of the journal', async t => {
    await stack.settled();
    await stack.kill('db-writer');
    await place(stack, user);
    await pool.query('UPDATE watermark SET logic = $1', [LOGIC - 1]);
    await t.rejects(start(), /not in Postgres yet.*npm run drain/);
  });
});
