/** More orders than are answered: who is let in, who is refused and how, and what stays open to everybody. */
import t from 'tap';
import { BURST_MS, CALM_MS, Crowd, MOST_AT_ONCE, MOST_STANDING } from '../api/crowd.js';
import { startStack } from './stack.js';

t.test('a burst is let in, a crowd that stays is not', async t => {
  const crowd = new Crowd();
  t.ok(crowd.admits(MOST_STANDING - 1, 0));
  t.ok(crowd.admits(MOST_STANDING, 1), 'a burst');
  t.ok(crowd.admits(MOST_AT_ONCE - 1, 2));
  t.notOk(crowd.admits(MOST_AT_ONCE, 3), 'a burst has its limit');
  t.ok(crowd.admits(MOST_AT_ONCE - 1, BURST_MS));
  t.notOk(crowd.admits(MOST_STANDING, BURST_MS + 1), 'it is no burst any more');
  t.ok(crowd.admits(MOST_STANDING - 1, BURST_MS + 2), 'there is room');
  t.notOk(crowd.admits(MOST_STANDING, BURST_MS + CALM_MS), 'the same crowd');
  const calm = BURST_MS + 2 * CALM_MS + 1;
  t.ok(crowd.admits(MOST_STANDING, calm), 'a new burst after a calm time');
  t.notOk(crowd.admits(MOST_STANDING, calm + BURST_MS), 'and it has its end, too');
});

t.test('orders beyond the limit are refused and not queued; cancels and queries pass', async t => {
  const stack = await startStack(t);
  const { token } = await stack.trader({ USDT: '1000000' });
  const resting = { market: 'ADA_USDT', side: 'BUY', type: 'LIMIT', price: '1', quantity: '1' };
  const order = JSON.stringify({ ...resting, timeInForce: 'IOC' });
  const place = (raw: string) =>
    stack.request('POST', '/api/v1/order', { token, raw, headers: { 'content-type': 'application/json' } });
  const { orderId } = (await place(JSON.stringify(resting))).body;

  process.kill(stack.pid('engine'), 'SIGSTOP');
  const orders = Array.from({ length: MOST_AT_ONCE + 200 }, () => place(order));
  const canceled = stack.request('DELETE', `/api/v1/order?orderId=${orderId}`, { token });
  const busy = { status: 503, body: { error: { code: 'SERVER_BUSY' } } };
  t.match(await Promise.race(orders), busy, 'while nothing else is answered');
  const [broken, long] = [place('{'), place(`"${'x'.repeat(1_000_000)}"`)];
  t.match(await broken, busy, 'what is refused is not read');
  t.match(await long, busy, 'however long it is');
  process.kill(stack.pid('engine'), 'SIGCONT');

  const outcomes = new Map<string | number, number>();
  for (const { status, body } of await Promise.all(orders)) {
    const outcome = body.error?.code ?? status;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  t.ok(outcomes.get('SERVER_BUSY')! >= 200, `${[...outcomes]}`);
  const { body, status } = await canceled;
  t.notMatch(body.error, { code: 'SERVER_BUSY' }, `the cancel was queued: ${status}`);
  t.equal((await stack.request('GET', '/api/v1/user', { token })).status, 200);

  // On a slow machine those that were let in may be past their time: the engine says so, or the api gives up.
  await stack.settled();
  const { rows } = await stack.pool.query<{ orders: number }>('SELECT count(*)::int AS orders FROM orders');
  const accepted = 1 + (outcomes.get(201) ?? 0);
  const executed = rows[0]!.orders;
  t.ok(
    executed >= accepted && executed <= accepted + (outcomes.get('UNKNOWN_OUTCOME') ?? 0),
    'what was refused was not queued',
  );
  t.equal((await place(order)).status, 201, 'and all is as before');
});
