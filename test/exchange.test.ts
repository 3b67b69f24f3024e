/**
 * The whole exchange, as somebody who tries it out would: the testing procedures of the requirements, with the API, the
 * stream and Postgres saying the same; then what happens when processes and servers are lost.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Answer, type Body, PASSWORD, type Stack, startStack, type TestUser } from './stack.js';
import { TcpProxy } from './tcp-proxy.js';
import { eventually, WsClient } from './ws-client.js';

const V1 = '/api/v1';

type Order = Record<string, string>;

async function place(stack: Stack, { token }: TestUser, order: Order): Promise<Answer> {
  return stack.request('POST', `${V1}/order`, { token, body: { type: 'LIMIT', ...order } });
}

async function orderOf(stack: Stack, { token }: TestUser, orderId: string): Promise<Body> {
  return (await stack.request('GET', `${V1}/order?orderId=${orderId}`, { token })).body;
}

/** What Postgres has: `{ '<account> <asset>': [available, locked] }` in smallest units, and each order's status. */
async function stored(stack: Stack): Promise<{ balances: Record<string, string[]>; statuses: string[] }> {
  await stack.settled();
  const balances = await stack.pool.query(
    'SELECT account, asset, available, locked FROM balances WHERE account > 1000 AND available + locked > 0',
  );
  const orders = await stack.pool.query('SELECT status FROM orders ORDER BY order_id');
  return {
    balances: Object.fromEntries(
      balances.rows.map(row => [`${row.account} ${row.asset}`, [`${row.available}`, `${row.locked}`]]),
    ),
    statuses: orders.rows.map(row => row.status),
  };
}

/** Each asset's balances sum to zero, the treasury's contra side included. */
async function assertConserved(t: Test, stack: Stack): Promise<void> {
  await stack.settled();
  const { rows } = await stack.pool.query(
    'SELECT asset, sum(available + locked) AS total FROM balances GROUP BY asset HAVING sum(available + locked) <> 0',
  );
  t.same(rows, [], 'money is conserved');
}

/** The ticker as soon as it is known, without the times at which it was asked for. */
async function lastDayOf(stack: Stack, market: string): Promise<object> {
  let answer: Answer | undefined;
  await stack.until('the ticker', async () => {
    answer = await stack.request('GET', `${V1}/ticker?market=${market}`);
    return answer.status === 200;
  });
  const { openTime, closeTime, ...ticker } = answer!.body;
  return ticker;
}

t.test('the testing procedure: a partial fill', async t => {
  const stack = await startStack(t);
  const stream = await WsClient.connect(stack.wsUrl, t);
  await stream.ask('SUBSCRIBE', ['ada_usdt@trade']);
  const buyer = await stack.trader({ USDT: '1000' });
  const seller = await stack.trader({ ADA: '500' });

  const bid = await place(stack, buyer, { market: 'ADA_USDT', side: 'BUY', quantity: '10', price: '1.9' });
  const ask = await place(stack, seller, { market: 'ADA_USDT', side: 'SELL', quantity: '10', price: '2' });
  const hit = await place(stack, seller, { market: 'ADA_USDT', side: 'SELL', quantity: '1', price: '1.9' });
  t.same(
    [bid, ask, hit].map(answer => [answer.status, answer.body.status]),
    [
      [201, 'NEW'],
      [201, 'NEW'],
      [201, 'FILLED'],
    ],
  );
  t.match(hit.body.fills, [{ tradeId: '1', price: '1.9000', quantity: '1.0', maker: false }]);

  t.same(await stack.balances(buyer), {
    ADA: ['1.000000', '0.000000'],
    USDT: ['981.00000000', '17.10000000'],
  });
  t.same(await stack.balances(seller), {
    ADA: ['489.000000', '10.000000'],
    USDT: ['1.90000000', '0.00000000'],
  });
  const found = await Promise.all([
    orderOf(stack, buyer, bid.body.orderId),
    orderOf(stack, seller, ask.body.orderId),
    orderOf(stack, seller, hit.body.orderId),
  ]);
  t.same(
    found.map(order => [order.status, order.filledQuantity]),
    [
      ['PARTIALLY_FILLED', '1.0'],
      ['NEW', '0.0'],
      ['FILLED', '1.0'],
    ],
  );

  t.same(await stored(stack), {
    balances: {
      [`${buyer.userId} ADA`]: ['1000000', '0'],
      [`${buyer.userId} USDT`]: ['98100000000', '1710000000'],
      [`${seller.userId} ADA`]: ['489000000', '10000000'],
      [`${seller.userId} USDT`]: ['190000000', '0'],
    },
    statuses: ['PARTIALLY_FILLED', 'NEW', 'FILLED'],
  });
  await assertConserved(t, stack);

  await eventually(() => stream.data('ada_usdt@trade').length > 0);
  t.match(stream.data('ada_usdt@trade'), [
    { e: 'trade', s: 'ADA_USDT', t: '1', p: '1.9000', q: '1.0', m: true },
  ]);
  const depth = (await stack.request('GET', `${V1}/depth?market=ADA_USDT`)).body;
  t.match(depth, { bids: [['1.9000', '9.0']], asks: [['2.0000', '10.0']] });
  const ticker = (await stack.request('GET', `${V1}/ticker?market=ADA_USDT`)).body;
  t.match(ticker, { open: '1.9000', last: '1.9000', volume: '1.000000', trades: 1, changePercent: '0.00' });
  t.match(ticker, { bid: '1.9000', bidQuantity: '9.0', ask: '2.0000', askQuantity: '10.0' });
  const tickers = (await stack.request('GET', `${V1}/ticker`)).body as {
    market: string;
    last: string | null;
  }[];
  t.same(
    tickers.map(({ market, last }) => [market, last]),
    [
      ['ADA_USDT', '1.9000'],
      ['BTC_USDT', null],
      ['ETH_USDT', null],
    ],
  );
});

t.test('the testing procedure: a whole fill; then all processes are killed', async t => {
  const stack = await startStack(t);
  const buyer = await stack.trader({ USDT: '1000' });
  const seller = await stack.trader({ ADA: '500' });
  await place(stack, seller, { market: 'ADA_USDT', side: 'SELL', quantity: '100', price: '2' });
  const bid = await place(stack, buyer, { market: 'ADA_USDT', side: 'BUY', quantity: '100', price: '2' });
  t.equal(bid.body.status, 'FILLED');
  t.same(await stack.balances(buyer), {
    ADA: ['100.000000', '0.000000'],
    USDT: ['800.00000000', '0.00000000'],
  });
  t.same(await stack.balances(seller), {
    ADA: ['400.000000', '0.000000'],
    USDT: ['200.00000000', '0.00000000'],
  });
  t.same((await stored(stack)).statuses, ['FILLED', 'FILLED']);

  // Flow C: a bid for 10 at 50,000 meets an offer of 5.
  const stream = await WsClient.connect(stack.wsUrl, t);
  await stream.ask('SUBSCRIBE', ['btc_usdt@trade', 'btc_usdt@depth']);
  const rich = await stack.trader({ USDT: '500000' });
  const miner = await stack.trader({ BTC: '5' });
  const ten = await place(stack, rich, { market: 'BTC_USDT', side: 'BUY', quantity: '10', price: '50000' });
  const five = await place(stack, miner, { market: 'BTC_USDT', side: 'SELL', quantity: '5', price: '50000' });
  t.match(five.body, { status: 'FILLED', filledQuote: '250000.00000000', averagePrice: '50000.00' });
  t.same(await stack.balances(rich), {
    BTC: ['5.00000000', '0.00000000'],
    USDT: ['0.00000000', '250000.00000000'],
  });
  t.same(await stack.balances(miner), { USDT: ['250000.00000000', '0.00000000'] });
  t.equal((await orderOf(stack, rich, ten.body.orderId)).status, 'PARTIALLY_FILLED');
  await eventually(() => stream.data('btc_usdt@depth').at(-1)?.u === 2);
  t.match(stream.data('btc_usdt@trade'), [{ t: '1', p: '50000.00', q: '5.00000', m: true }]);
  t.match(stream.data('btc_usdt@depth').slice(1), [
    { U: 1, u: 1, b: [['50000.00', '10.00000']] },
    { U: 2, u: 2, b: [['50000.00', '5.00000']] },
  ]);
  const { rows } = await stack.pool.query(
    `SELECT price, quantity, quote_amount, taker_account, maker_account FROM trades WHERE market = 'BTC_USDT'`,
  );
  t.match(rows, [{ price: 5000000n, quantity: 500000n, quote_amount: 25000000000000n }]);
  t.same([`${rows[0].taker_account}`, `${rows[0].maker_account}`], [miner.userId, rich.userId]);

  const users = [buyer, seller, rich, miner];
  for (const [index, price] of ['1.5', '1.5', '1.6'].entries()) {
    const order = { market: 'ADA_USDT', side: 'BUY', quantity: '10', price, clientOrderId: `rest-${index}` };
    t.equal((await place(stack, buyer, order)).status, 201);
  }
  const deposit = { token: miner.token, body: { asset: 'ETH', amount: '3', id: 'once' } };
  const deposited = await stack.request('POST', `${V1}/user/deposit`, deposit);
  const look = async () => ({
    balances: await Promise.all(users.map(user => stack.balances(user))),
    open: await Promise.all(
      users.map(async ({ token }) => (await stack.request('GET', `${V1}/order/open`, { token })).body),
    ),
    depth: (await stack.request('GET', `${V1}/depth?market=ADA_USDT`)).body,
    trades: (await stack.request('GET', `${V1}/trades?market=BTC_USDT`)).body,
    ticker: await lastDayOf(stack, 'BTC_USDT'),
  });
  const before = await look();
  t.equal(before.open[0].length, 3);
  t.match(before.ticker, { last: '50000.00', volume: '5.00000000', trades: 1, bidQuantity: '5.00000' });

  await stack.kill('api', 'engine', 'db-writer');
  for (const name of ['db-writer', 'engine', 'api'] as const) stack.start(name);
  await stack.ready();

  t.same(await look(), before, 'nothing has changed for anybody');
  const again = await stack.request('POST', `${V1}/user/deposit`, deposit);
  t.same([again.status, again.body], [201, deposited.body], 'idempotency keys hold');
  const taken = { market: 'ADA_USDT', side: 'BUY', quantity: '10', price: '1', clientOrderId: 'rest-1' };
  t.equal((await place(stack, buyer, taken)).body.error.code, 'DUPLICATE_CLIENT_ORDER_ID');
  const sale = await place(stack, seller, { market: 'ADA_USDT', side: 'SELL', quantity: '15', price: '1.5' });
  t.match(sale.body.fills, [
    { price: '1.6000', quantity: '10.0' },
    { price: '1.5000', quantity: '5.0' },
  ]);
  const first = await stack.request('GET', `${V1}/order?market=ADA_USDT&clientOrderId=rest-0`, buyer);
  t.equal(first.body.status, 'PARTIALLY_FILLED', 'the older of two at a price is met first');
  t.same((await place(stack, buyer, { ...taken, clientOrderId: 'new' })).status, 201);
  await assertConserved(t, stack);
});

t.test('servers and processes that are lost', async t => {
  const stack = await startStack(t);
  const { REDIS_URL, DATABASE_URL } = process.env as { REDIS_URL: string; DATABASE_URL: string };
  const redis = await TcpProxy.start(REDIS_URL);
  const postgres = await TcpProxy.start(DATABASE_URL);
  t.teardown(() => {
    redis.close();
    postgres.close();
  });
  const through = (proxy: TcpProxy, url: string) =>
    Object.assign(new URL(url), { port: new URL(proxy.url).port }).href;
  t.same(await stack.stop('api'), [0], 'an idle api stops when asked');
  stack.start('api', {
    REDIS_URL: through(redis, REDIS_URL),
    DATABASE_URL: through(postgres, DATABASE_URL),
  });
  await stack.ready();
  const user = await stack.trader({ USDT: '1000', ADA: '100' });
  const bid = { market: 'ADA_USDT', side: 'BUY', quantity: '10', price: '1' };
  const code = ({ status, body }: Answer) => `${status} ${body.error?.code ?? ''}`.trim();
  const read = (path: string) => stack.request('GET', path, user);
  const timed = async <T>(action: () => Promise<T>): Promise<[T, number]> => {
    const start = performance.now();
    return [await action(), performance.now() - start];
  };

  /** The health once it says so; each answer comes soon. */
  const healthWhere = async (
    t: Test,
    server: 'redis' | 'postgres',
    state: 'up' | 'down',
  ): Promise<Answer> => {
    for (;;) {
      const [health, ms] = await timed(() => stack.request('GET', '/health/ready'));
      if (ms > 1000) t.fail(`health took ${ms} ms`);
      if (health.body[server] === state) return health;
    }
  };

  await t.test('without Postgres orders are taken', async t => {
    postgres.retarget('postgres://127.0.0.1:1');
    postgres.cut();
    const health = await healthWhere(t, 'postgres', 'down');
    t.match(health, {
      status: 200,
      body: { ready: true, redis: 'up', dbWriter: { watermark: null, lag: null } },
    });
    const placed = await place(stack, user, bid);
    t.equal(placed.status, 201);
    t.equal((await read(`${V1}/order?orderId=${placed.body.orderId}`)).body.status, 'NEW');
    t.equal((await read(`${V1}/order/open`)).body.length, 1);
    const sold = await place(stack, user, {
      ...bid,
      side: 'SELL',
      quantity: '4',
      selfTradePrevention: 'NONE',
    });
    t.equal(sold.body.status, 'FILLED');
    const [open] = (await read(`${V1}/order/open`)).body;
    t.match(open, { status: 'PARTIALLY_FILLED', filledQuantity: '4.0' });
    t.notOk('fills' in open, 'without fills rather than not at all');
    t.same((await read(`${V1}/order?orderId=${placed.body.orderId}`)).body, open);
    for (const path of [
      '/user/order',
      '/user/trades',
      '/user/ledger',
      '/user',
      '/klines?market=ADA_USDT&interval=1m',
    ]) {
      const [answer, ms] = await timed(() => read(`${V1}${path}`));
      t.equal(code(answer), '503 HISTORY_UNAVAILABLE', path);
      t.ok(ms < 3000, `${ms} ms`);
    }
    t.equal(code(await read(`${V1}/order?orderId=${sold.body.orderId}`)), '503 HISTORY_UNAVAILABLE');
    const login = { body: { email: user.email, password: PASSWORD } };
    t.equal(code(await stack.request('POST', `${V1}/user/login`, login)), '503 HISTORY_UNAVAILABLE');
    const canceled = await stack.request('DELETE', `${V1}/order?orderId=${placed.body.orderId}`, user);
    t.match(canceled, { status: 200, body: { status: 'CANCELED', filledQuantity: '4.0' } });
    postgres.retarget(DATABASE_URL);
    await stack.until('history', async () => (await read(`${V1}/user/order`)).status === 200);
    t.match((await read(`${V1}/order?orderId=${placed.body.orderId}`)).body, {
      fills: [{ quantity: '4.0' }],
    });
  });

  await t.test('with a Postgres that says nothing answers come in time', async t => {
    postgres.mute(true);
    const [answers, ms] = await timed(() =>
      Promise.all([
        stack.request('GET', '/health/ready'),
        read(`${V1}/user/order`),
        read(`${V1}/order?orderId=999`),
        place(stack, user, bid),
      ]),
    );
    t.same(answers.map(code), ['200', '503 HISTORY_UNAVAILABLE', '503 HISTORY_UNAVAILABLE', '201']);
    t.ok(ms < 5000, `${ms} ms`);
    postgres.mute(false);
    postgres.cut();
    await stack.until('history', async () => (await read(`${V1}/user/order`)).status === 200);
  });

  await t.test('a Postgres that is behind', async t => {
    process.kill(stack.pid('db-writer'), 'SIGSTOP');
    const placed = await place(stack, user, { ...bid, price: '0.5' });
    const byId = `${V1}/order?orderId=${placed.body.orderId}`;
    t.equal((await stack.request('DELETE', byId, user)).body.status, 'CANCELED');
    t.equal(code(await read(byId)), '503 HISTORY_UNAVAILABLE', 'no 404 for an order that was');
    const waiting = read(byId);
    process.kill(stack.pid('db-writer'), 'SIGCONT');
    t.equal((await waiting).body.status, 'CANCELED', 'who waits gets it when it is there');
  });

  await t.test('without Redis nothing is taken, and the client is told', async t => {
    redis.retarget('redis://127.0.0.1:1');
    redis.cut();
    const health = await healthWhere(t, 'redis', 'down');
    t.match(health, { status: 503, body: { ready: false, sequence: null, leader: null } });
    t.equal(code(await place(stack, user, bid)), '503 SERVER_BUSY');
    redis.retarget(REDIS_URL);
    await stack.ready();
    t.equal((await place(stack, user, bid)).status, 201);
  });

  await t.test('without an engine the outcome is unknown, then final', async t => {
    await stack.kill('engine');
    const named = { ...bid, clientOrderId: 'in-the-dark' };
    t.equal(code(await place(stack, user, named)), '504 UNKNOWN_OUTCOME');
    await stack.until(
      'the lease to lapse',
      async () => (await stack.request('GET', '/health/ready')).status === 503,
    );
    stack.start('engine');
    await stack.ready();
    const byName = `${V1}/order?market=ADA_USDT&clientOrderId=in-the-dark`;
    t.equal(code(await read(byName)), '404 UNKNOWN_ORDER', 'taken after its deadline, so never executed');
    t.equal((await place(stack, user, named)).status, 201);
  });

  await t.test('an order that the engine takes too late is refused for its age', async t => {
    process.kill(stack.pid('engine'), 'SIGSTOP');
    const late = place(stack, user, { ...bid, clientOrderId: 'late' });
    // Past the order's deadline, before the api stops waiting for the answer.
    await sleep(2200);
    process.kill(stack.pid('engine'), 'SIGCONT');
    t.equal(code(await late), '503 EXPIRED_IN_QUEUE');
    t.equal(code(await read(`${V1}/order?market=ADA_USDT&clientOrderId=late`)), '404 UNKNOWN_ORDER');
  });

  await t.test('what is no request goes to the dead letters', async t => {
    const garbage = ['', '{', '[1,"PLACE_ORDER",1,"x",1,[]]', '\u0000', 'x'.repeat(100_000)];
    await stack.redis.rpush(stack.keys.commands, ...garbage);
    t.equal((await place(stack, user, bid)).status, 201);
    t.equal(await stack.redis.llen(stack.keys.deadLetters), garbage.length);
    t.match(stack.log.join('\n'), /dead letter/i);
  });

  await t.test('an api that is asked to stop answers what is under way', async t => {
    const orders = Array.from({ length: 200 }, () =>
      place(stack, user, { ...bid, quantity: '2', price: '0.5' }),
    );
    await Promise.race(orders);
    t.same(await stack.stop('api'), [0]);
    const outcomes = await Promise.allSettled(orders);
    const taken = outcomes.filter(outcome => outcome.status === 'fulfilled' && outcome.value.status === 201);
    stack.start('api');
    await stack.ready();
    await stack.settled();
    const { rows } = await stack.pool.query(
      "SELECT count(*)::int AS orders FROM orders WHERE price = 5000 AND status = 'NEW'",
    );
    t.equal(rows[0].orders, taken.length, 'every order that was taken was answered');
    await assertConserved(t, stack);
  });
});

t.test('an api that cannot run says why', async t => {
  const stack = await startStack(t, { env: { LOG_LEVEL: 'info' } });
  stack.start('api-2');
  t.equal(await stack.ended('api-2'), 1);
  t.match(stack.log.join('\n'), /port \d+ of 127.0.0.1 is taken/);
  t.equal((await stack.request('GET', `${V1}/time`)).status, 200, 'the first one serves on');
  await stack.stop('api');
  const wrong: readonly [env: NodeJS.ProcessEnv, words: RegExp][] = [
    [{ SIGNUP_BALANCE: '10 EUR' }, /SIGNUP_BALANCE names EUR/],
    [{ SIGNUP_BALANCE: 'much' }, /SIGNUP_BALANCE must be like/],
    [{ SIGNUP_BALANCE: '1 BTC,2 BTC' }, /SIGNUP_BALANCE names an asset twice/],
    [{ SIGNUP_BALANCE: '0.000000001 BTC' }, /no amount of BTC/],
    [{ JWT_SECRET: '' }, /JWT_SECRET is not set/],
  ];
  for (const [env, words] of wrong) {
    stack.start('api', env);
    t.equal(await stack.ended('api'), 1);
    t.match(stack.log.join('\n'), words);
  }

  stack.start('api', { NAMESPACE: 'nobody' });
  await stack.until('it to wait', async () => /waiting for the database schema/.test(stack.log.at(-1) ?? ''));
  t.same(await stack.stop('api'), [0], 'it stops also while it waits');

  stack.start('api', { ADMIN_PASSWORD: 'another password' });
  await stack.ready();
  await t.rejects(stack.admin(), { message: /401/ }, 'the administrator has the password of the last start');
  const admin = { body: { email: 'admin@localhost', password: 'another password' } };
  t.match(await stack.request('POST', `${V1}/user/login`, admin), { status: 200, body: { role: 'ADMIN' } });
});
