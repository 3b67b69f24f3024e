/** What an operator does by hand: draining before an upgrade, and beginning again from nothing but Postgres. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { verifyExchange } from '../scripts/verification/verify.js';
import { type Answer, type Body, type Stack, startStack, type TestUser } from './stack.js';
import { eventually, WsClient } from './ws-client.js';

const V1 = '/api/v1';
const run = promisify(execFile);

/** Runs a command of package.json on the stack; gives what it printed, and fails as it does. */
async function command(stack: Stack, name: string, ...args: string[]): Promise<string> {
  const file = fileURLToPath(new URL(`../scripts/${name}.js`, import.meta.url));
  const env = { ...process.env, NAMESPACE: stack.namespace };
  const { stdout } = await run(process.execPath, [file, ...args], { env });
  return stdout;
}

function place(stack: Stack, { token }: TestUser): Promise<Answer> {
  const body = { market: 'ADA_USDT', side: 'BUY', type: 'LIMIT', price: '1', quantity: '1' };
  return stack.request('POST', `${V1}/order`, { token, body });
}

async function assertWhole(t: Test, stack: Stack): Promise<void> {
  const { REDIS_URL, DATABASE_URL } = process.env;
  const stores = { redisUrl: REDIS_URL!, databaseUrl: DATABASE_URL!, namespace: stack.namespace };
  for await (const { name, ok, detail } of verifyExchange(stores)) t.ok(ok, `${name}: ${detail}`);
}

t.test('npm run drain', async t => {
  const stack = await startStack(t);
  const user = await stack.trader({ USDT: '1000' });
  await t.rejects(command(stack, 'restore', '--yes'), /An engine leads/);
  const placing = Promise.all(Array.from({ length: 50 }, () => place(stack, user)));
  const said = await command(stack, 'drain');
  await placing;
  const health = await stack.request('GET', '/health/ready');
  t.equal(health.status, 503, 'no order can be taken');
  const { sequence, dbWriter } = health.body;
  t.match(said, `Drained: Postgres holds everything, up to sequence ${sequence}.`);
  t.equal(dbWriter.lag, 0);
  t.match(await place(stack, user), { status: 503, body: { error: { code: 'SERVER_BUSY' } } });
  await stack.stop('engine');
  await t.rejects(command(stack, 'drain'), /No engine leads/);
  await t.rejects(command(stack, 'restore', '--yes'), /nothing to restore/);
  stack.start('engine');
  await stack.ready();
  t.equal((await place(stack, user)).status, 201);
});

t.test('npm run restore', async t => {
  const stack = await startStack(t);
  const { redis, keys } = stack;
  const user = await stack.trader({ USDT: '1000' });
  await place(stack, user);
  await stack.settled();
  const events = async (since: number): Promise<Body> =>
    (await stack.request('GET', `${V1}/user/events?since=${since}`, { token: user.token })).body;
  const kept = (await events(0)).at(-1).seq;
  await stack.kill('db-writer');
  t.equal((await place(stack, user)).status, 201, 'an order that only Redis knows');
  const told = (await events(kept)).at(-1).seq;
  t.ok(told > kept);
  await stack.stop('api', 'engine');

  await redis.del(...(await redis.keys(`{${stack.namespace}}*`)));
  stack.start('engine');
  t.equal(await stack.ended('engine'), 1);
  t.match(stack.log.join('\n'), /npm run restore/);
  await t.rejects(command(stack, 'restore'), /lost for good.*--yes/);
  t.equal(await redis.exists(keys.exchangeId), 0, 'nothing is done without --yes');
  await command(stack, 'restore', '--yes');

  for (const name of ['db-writer', 'engine', 'api'] as const) stack.start(name);
  await stack.ready();
  const open = async () => (await stack.request('GET', `${V1}/order/open`, { token: user.token })).body;
  t.equal((await open()).length, 1, 'what Postgres knew');
  t.same(await events(told), { resync: true }, 'who was told of what is lost is told that');
  t.same(await events(kept - 1), { resync: true });
  t.same(await events(kept), [], 'who was not has missed nothing');
  const reader = await WsClient.connect(stack.wsUrl, t);
  await reader.ask('AUTH', [user.token]);
  await reader.ask('SUBSCRIBE', ['user']);
  t.equal((await place(stack, user)).status, 201);
  t.equal((await open()).length, 2);
  await eventually(() => reader.data('user').length === 2);
  t.match(reader.data('user'), [{ seq: kept + 1 }, { seq: kept + 2 }], 'the stream goes on from there');
  t.match(await events(kept), [{ seq: kept + 1 }, { seq: kept + 2 }]);
  await stack.settled();
  await assertWhole(t, stack);
});
