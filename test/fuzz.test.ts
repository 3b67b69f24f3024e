/**
 * Hostile input, some of it: what `npm run fuzz` sends a hundred thousand of. A failure says its seed and its request.
 */
import { randomInt } from 'node:crypto';
import t from 'tap';
import { fuzz } from '../scripts/fuzzing/fuzz.js';
import { LARGEST_SEED } from '../scripts/random.js';
import { startStack } from './stack.js';

const { SEED = String(randomInt(1, LARGEST_SEED - 100)), REQUESTS = '5000' } = process.env;

t.test('whatever is sent, it is answered, and what is refused changes nothing', async t => {
  const stack = await startStack(t);
  const users = [
    await stack.trader({ USDT: '1000000', BTC: '100' }),
    await stack.trader({ USDT: '1000000', ETH: '100' }),
  ];
  const { faults, outcomes, commands } = await fuzz(
    {
      url: new URL(stack.url),
      redis: stack.redis,
      keys: stack.keys,
      callers: { users: users.map(({ token }) => token), admin: await stack.admin() },
      pids: { api: stack.pid('api'), engine: stack.pid('engine'), 'db-writer': stack.pid('db-writer') },
    },
    {
      requests: Number(REQUESTS),
      seed: Number(SEED),
      idleSockets: 1000,
      quietWebSockets: 500,
      silentWebSockets: 0,
    },
  );
  t.same(faults, [], `with seed ${SEED}`);
  t.ok(commands > 50, 'some of it was good');
  for (const outcome of [
    '200',
    '201',
    'BAD_FIELD',
    'BAD_JSON',
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'UNKNOWN_MARKET',
  ]) {
    t.ok(outcomes.has(outcome), outcome);
  }
  t.comment([...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', '));
  t.same(
    stack.log.filter(line => /"level":(50|60)/.test(line)),
    [],
    'nothing of it is an error of ours',
  );
});
