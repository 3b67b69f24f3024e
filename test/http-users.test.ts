/** Users over HTTP: registration, login, the signup balance, the profile, deposits and withdrawals. */
import t from 'tap';
import { apiCalls, outcome } from './api-calls.js';
import { type Body, PASSWORD, startStack } from './stack.js';

const stack = await startStack(t, { env: { SIGNUP_BALANCE: '10000 USDT, 1 BTC' } });
const user = await stack.register();
const { get, post, refusals, refusalsByApi } = apiCalls(stack, user);

t.test('registration and login', async t => {
  const register = (email: unknown, password: unknown) => () => post('/user/new', { email, password });
  const logIn = (email: unknown, password: unknown) => () => post('/user/login', { email, password });
  await refusalsByApi(t, [
    ['twice', register(user.email, PASSWORD), '409 DUPLICATE_EMAIL email'],
    ['twice in capitals', register(user.email.toUpperCase(), PASSWORD), '409 DUPLICATE_EMAIL email'],
    ['no e-mail', register(undefined, PASSWORD), '400 MISSING_FIELD email'],
    ['a bad e-mail', register('nobody', PASSWORD), '400 BAD_FIELD email'],
    ['a bad e-mail', register('@example.com', PASSWORD), '400 BAD_FIELD email'],
    ['a bad e-mail', register('a@b@example.com', PASSWORD), '400 BAD_FIELD email'],
    ['a bad e-mail', register('a b@example.com', PASSWORD), '400 BAD_FIELD email'],
    ['a bad e-mail', register('a\u0000@example.com', PASSWORD), '400 BAD_FIELD email'],
    ['a bad e-mail', register(`${'a'.repeat(300)}@example.com`, PASSWORD), '400 BAD_FIELD email'],
    ['an e-mail that is a number', register(1, PASSWORD), '400 BAD_FIELD email'],
    ['no password', register('new@example.com', undefined), '400 MISSING_FIELD password'],
    ['a short password', register('new@example.com', '1234567'), '400 BAD_FIELD password'],
    ['a long password', register('new@example.com', 'x'.repeat(129)), '400 BAD_FIELD password'],
    [
      'a role',
      () => post('/user/new', { email: 'a@b.c', password: PASSWORD, role: 'ADMIN' }),
      '400 UNKNOWN_FIELD role',
    ],
    ['login of nobody', logIn('nobody@example.com', PASSWORD), '401 BAD_CREDENTIALS'],
    ['login with a wrong password', logIn(user.email, 'wrong horse'), '401 BAD_CREDENTIALS'],
    ['login without a password', logIn(user.email, undefined), '400 MISSING_FIELD password'],
    ['login with an object', logIn({ $gt: '' }, PASSWORD), '400 BAD_FIELD email'],
  ]);
  const { status, body } = await post('/user/new', { email: 'Grace@Example.com', password: PASSWORD });
  t.equal(status, 201);
  t.match(body, {
    userId: /^\d+$/,
    email: 'grace@example.com',
    role: 'USER',
    token: /^[\w-]+\.[\w-]+\.[\w-]+$/,
  });
  t.ok(body.expiresAt > Date.now());
  const login = await post('/user/login', { email: 'GRACE@example.com', password: PASSWORD });
  t.equal(login.status, 200);
  t.match(login.body, { userId: body.userId, email: 'grace@example.com', role: 'USER', token: String });
  const claims = JSON.parse(Buffer.from(login.body.token.split('.')[1], 'base64url').toString());
  t.match(claims, {
    sub: body.userId,
    email: 'grace@example.com',
    role: 'USER',
    exp: login.body.expiresAt / 1000,
  });
});

t.test('an unknown address costs the time of a wrong password', async t => {
  const timeOf = async (email: string): Promise<number> => {
    const start = performance.now();
    for (let attempt = 0; attempt < 5; attempt++)
      await post('/user/login', { email, password: 'wrong horse' });
    return performance.now() - start;
  };
  await timeOf('nobody@example.com');
  const [unknown, wrong] = [await timeOf('nobody@example.com'), await timeOf(user.email)];
  t.ok(unknown > wrong / 3, `${unknown} ms and ${wrong} ms`);
});

t.test('two registrations of one address at a time make one user', async t => {
  const body = { email: 'twins@example.com', password: PASSWORD };
  const answers = await Promise.all([1, 2, 3, 4].map(() => post('/user/new', body)));
  t.same(answers.map(outcome).sort(), ['201', ...Array(3).fill('409 DUPLICATE_EMAIL email')]);
});

t.test('the signup balance comes once', async t => {
  const fresh = await stack.register('fresh@example.com');
  const held = { BTC: ['1.00000000', '0.00000000'], USDT: ['10000.00000000', '0.00000000'] };
  t.same(await stack.balances(fresh), held);
  const body = { email: fresh.email, password: PASSWORD };
  t.equal((await post('/user/login', body)).status, 200);
  await stack.settled();
  t.equal((await post('/user/login', body)).status, 200);
  t.same(await stack.balances(fresh), held);
  await stack.settled();
  const ledger = (await get('/user/ledger', fresh.token)).body.items;
  t.same(ledger.map((entry: Body) => [entry.amount, entry.type, entry.reference]).sort(), [
    ['1.00000000', 'DEPOSIT', 'signup:BTC'],
    ['10000.00000000', 'DEPOSIT', 'signup:USDT'],
  ]);
});

t.test('a signup deposit that was never made is made at the next login', async t => {
  const late = await stack.register('late@example.com');
  await stack.settled();
  // As after a registration whose deposit failed: neither the engine nor the ledger knows of one.
  const { rows } = await stack.pool.query(
    `INSERT INTO users (email, password_hash, role, created_at)
     SELECT 'later@example.com', password_hash, role, created_at FROM users WHERE user_id = $1 RETURNING user_id`,
    [late.userId],
  );
  const { body } = await post('/user/login', { email: 'later@example.com', password: PASSWORD });
  t.equal(body.userId, String(rows[0].user_id));
  t.same((await stack.balances(body)).USDT, ['10000.00000000', '0.00000000']);
});

t.test('the profile has a balance of every asset', async t => {
  const { status, body } = await get('/user');
  t.equal(status, 200);
  t.match(body, { userId: user.userId, email: user.email, role: 'USER', createdAt: Number });
  const { body: assets } = await get('/assets');
  t.same(
    body.balances.map((balance: Body) => balance.asset),
    assets.map((asset: Body) => asset.asset),
  );
  t.same(body.balances[0], { asset: 'ADA', available: '0.000000', locked: '0.000000' });
});

t.test('deposits and withdrawals', async t => {
  const saver = await stack.trader({});
  const deposit = (body: unknown) => () => post('/user/deposit', body, saver.token);
  const withdraw = (body: unknown) => () => post('/user/withdraw', body, saver.token);
  await refusalsByApi(t, [
    ['no asset', deposit({ amount: '1' }), '400 MISSING_FIELD asset'],
    ['no amount', deposit({ asset: 'BTC' }), '400 MISSING_FIELD amount'],
    ['an unknown asset', deposit({ asset: 'DOGE', amount: '1' }), '404 UNKNOWN_ASSET asset'],
    ['a number', deposit({ asset: 'BTC', amount: 1 }), '400 BAD_FIELD amount'],
    ['negative', withdraw({ asset: 'BTC', amount: '-1' }), '400 BAD_FIELD amount'],
    ['zero', deposit({ asset: 'BTC', amount: '0' }), '422 AMOUNT_OUT_OF_RANGE amount'],
    ['nine decimals', deposit({ asset: 'BTC', amount: '0.000000001' }), '422 AMOUNT_OUT_OF_RANGE amount'],
    [
      '2^62 units',
      deposit({ asset: 'BTC', amount: '46116860184.27387904' }),
      '422 AMOUNT_OUT_OF_RANGE amount',
    ],
    ['an id with a colon', deposit({ asset: 'BTC', amount: '1', id: 'signup:BTC' }), '400 BAD_FIELD id'],
    ['an empty id', deposit({ asset: 'BTC', amount: '1', id: '' }), '400 BAD_FIELD id'],
    ['an account', deposit({ asset: 'BTC', amount: '1', userId: '1002' }), '400 UNKNOWN_FIELD userId'],
  ]);
  await refusals(t, [
    [
      'past the total',
      deposit({ asset: 'BTC', amount: '46116860184.27387903' }),
      '422 AMOUNT_OUT_OF_RANGE amount',
    ],
    ['more than there is', withdraw({ asset: 'BTC', amount: '5' }), '422 INSUFFICIENT_BALANCE amount'],
  ]);

  const first = await post('/user/deposit', { asset: 'ADA', amount: '12.5', id: 'd-1' }, saver.token);
  t.equal(first.status, 201);
  t.match(first.body, {
    ledgerId: /^\d+$/,
    asset: 'ADA',
    amount: '12.500000',
    balance: { available: '12.500000', locked: '0.000000' },
  });
  const second = await post('/user/withdraw', { asset: 'ADA', amount: '2.5', id: 'w-1' }, saver.token);
  t.match(second.body, { amount: '2.500000', balance: { available: '10.000000' } });
  const again = await post('/user/deposit', { asset: 'ADA', amount: '12.5', id: 'd-1' }, saver.token);
  t.same([again.status, again.body], [201, first.body], 'the same id again: the same answer');
  await refusals(t, [
    ['another amount', deposit({ asset: 'ADA', amount: '12', id: 'd-1' }), '409 DUPLICATE_ID id'],
    ['another asset', deposit({ asset: 'BTC', amount: '12.5', id: 'd-1' }), '409 DUPLICATE_ID id'],
    ['another kind', withdraw({ asset: 'ADA', amount: '12.5', id: 'd-1' }), '409 DUPLICATE_ID id'],
  ]);
  t.same((await stack.balances(saver)).ADA, ['10.000000', '0.000000']);
  const { body } = await post('/user/withdraw', { asset: 'ADA', amount: '10.5' }, saver.token);
  t.equal(body.error.message, 'withdrawal needs 10.50 ADA, 10.00 available');
});
