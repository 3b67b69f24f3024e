/**
 * The HTTP interface: every route once as it is meant, and every wrong thing that a client can send, with its code, on
 * a whole exchange. What wrong requests leave behind is nothing.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Answer, type Body, PASSWORD, type RequestOptions, startStack, type TestUser } from './stack.js';

const SECRET = 'a secret of at least thirty-two characters';
const LIMIT = { market: 'BTC_USDT', side: 'BUY', type: 'LIMIT', price: '100', quantity: '1' };
const MARKET = { market: 'BTC_USDT', side: 'BUY', type: 'MARKET', quantity: '1' };

const stack = await startStack(t, { env: { JWT_SECRET: SECRET, SIGNUP_BALANCE: '10000 USDT, 1 BTC' } });
const user = await stack.register();
const other = await stack.register();
const admin = await stack.admin();

/** `400 BAD_FIELD price` of a refusal, `201` of what was done; a refusal without its exact form is shown whole. */
function outcome({ status, body }: Answer): string {
  const { code, message, field, ...rest } = body?.error ?? {};
  if (body?.error === undefined) return String(status);
  const isForm = typeof message === 'string' && Object.keys({ ...rest, ...body }).length === 1;
  if (!isForm) return JSON.stringify(body);
  return [status, code, field].filter(part => part !== undefined).join(' ');
}

async function post(path: string, body: unknown, token: string | undefined = user.token): Promise<Answer> {
  return stack.request('POST', `/api/v1${path}`, { token, body });
}

async function get(path: string, token: string | undefined = user.token): Promise<Answer> {
  return stack.request('GET', `/api/v1${path}`, { token });
}

async function remove(path: string, token: string | undefined = user.token): Promise<Answer> {
  return stack.request('DELETE', `/api/v1${path}`, { token });
}

/** Everything that a request could change, as Postgres has it once it has everything. */
async function state(): Promise<unknown> {
  await stack.settled();
  const { rows } = await stack.pool.query(`
    SELECT (SELECT json_agg(b ORDER BY account, asset) FROM balances b) AS balances,
           (SELECT json_agg(o ORDER BY order_id) FROM orders o) AS orders,
           (SELECT json_agg(m ORDER BY market) FROM markets m) AS markets,
           (SELECT json_agg(a ORDER BY asset) FROM assets a) AS assets,
           (SELECT json_agg(u ORDER BY user_id) FROM users u) AS users,
           (SELECT count(*)::int FROM ledger) AS ledger`);
  return rows[0];
}

/** The last sequence in the journal. */
async function journalEnd(): Promise<string | undefined> {
  const last = await stack.redis.xrevrange(stack.keys.journal, '+', '-', 'COUNT', 1);
  return last[0]?.[0];
}

type Case = readonly [what: string, send: () => Promise<Answer>, expected: string];

/** Each case has its outcome; all of them together change nothing, and the processes live. */
async function refusals(t: Test, cases: readonly Case[]): Promise<void> {
  const before = await state();
  const pids = [stack.pid('api'), stack.pid('engine')];
  for (const [what, send, expected] of cases) t.equal(outcome(await send()), expected, what);
  t.same(await state(), before, 'nothing has changed');
  t.same([stack.pid('api'), stack.pid('engine')], pids);
  t.ok(stack.isRunning('api') && stack.isRunning('engine') && stack.isRunning('db-writer'), 'all live');
}

/** The same, and nothing of it reaches the engine. */
async function refusalsByApi(t: Test, cases: readonly Case[]): Promise<void> {
  await stack.settled();
  const end = await journalEnd();
  await refusals(t, cases);
  t.equal(await journalEnd(), end, 'no command was sent');
}

t.test('an order with a wrong body is refused with the field that is at fault', async t => {
  const fields: [what: string, body: unknown, expected: string][] = [
    ['no market', { ...LIMIT, market: undefined }, '400 MISSING_FIELD market'],
    ['no side', { ...LIMIT, side: undefined }, '400 MISSING_FIELD side'],
    ['no type', { ...LIMIT, type: undefined }, '400 MISSING_FIELD type'],
    ['no price', { ...LIMIT, price: undefined }, '400 MISSING_FIELD price'],
    ['no quantity', { ...LIMIT, quantity: undefined }, '400 MISSING_FIELD quantity'],
    ['nothing at all', {}, '400 MISSING_FIELD type'],
    ['an unknown field', { ...LIMIT, colour: 'red' }, '400 UNKNOWN_FIELD colour'],
    ['constructor', { ...LIMIT, constructor: { prototype: 1 } }, '400 UNKNOWN_FIELD constructor'],
    ['an unknown market', { ...LIMIT, market: 'NOPE_USDT' }, '404 UNKNOWN_MARKET market'],
    ['a market of another case', { ...LIMIT, market: 'btc_usdt' }, '404 UNKNOWN_MARKET market'],
    ['a market named __proto__', { ...LIMIT, market: '__proto__' }, '404 UNKNOWN_MARKET market'],
    ['an empty market', { ...LIMIT, market: '' }, '400 BAD_FIELD market'],
    ['a market that is a number', { ...LIMIT, market: 1 }, '400 BAD_FIELD market'],
    ['a side of another case', { ...LIMIT, side: 'buy' }, '400 BAD_FIELD side'],
    ['an unknown type', { ...LIMIT, type: 'ICEBERG' }, '400 BAD_FIELD type'],
    ['a type that is an object', { ...LIMIT, type: {} }, '400 BAD_FIELD type'],
    ['an unknown timeInForce', { ...LIMIT, timeInForce: 'DAY' }, '400 BAD_FIELD timeInForce'],
    ['an unknown mode', { ...LIMIT, selfTradePrevention: 'X' }, '400 BAD_FIELD selfTradePrevention'],
    ['an empty clientOrderId', { ...LIMIT, clientOrderId: '' }, '400 BAD_FIELD clientOrderId'],
    ['a long clientOrderId', { ...LIMIT, clientOrderId: 'a'.repeat(37) }, '400 BAD_FIELD clientOrderId'],
    ['a clientOrderId with a colon', { ...LIMIT, clientOrderId: 'a:b' }, '400 BAD_FIELD clientOrderId'],
    ['a clientOrderId that is null', { ...LIMIT, clientOrderId: null }, '400 BAD_FIELD clientOrderId'],
    ['quoteQuantity of a limit order', { ...LIMIT, quoteQuantity: '1' }, '400 UNKNOWN_FIELD quoteQuantity'],
    ['price of a market order', { ...MARKET, price: '1' }, '400 UNKNOWN_FIELD price'],
    ['both quantities', { ...MARKET, quoteQuantity: '1' }, '400 BAD_FIELD quoteQuantity'],
    ['no quantity of either kind', { ...MARKET, quantity: undefined }, '400 MISSING_FIELD quantity'],
    ['a market order that is GTC', { ...MARKET, timeInForce: 'GTC' }, '400 BAD_FIELD timeInForce'],
    [
      'a LIMIT_MAKER that is IOC',
      { ...LIMIT, type: 'LIMIT_MAKER', timeInForce: 'IOC' },
      '400 BAD_FIELD timeInForce',
    ],
    ['off tick', { ...LIMIT, price: '100.001' }, '422 PRICE_OFF_TICK price'],
    ['a price of zero', { ...LIMIT, price: '0' }, '422 PRICE_OUT_OF_RANGE price'],
    ['a price past 2^53 ticks', { ...LIMIT, price: '9'.repeat(20) }, '422 PRICE_OUT_OF_RANGE price'],
    ['off lot', { ...LIMIT, quantity: '1.000001' }, '422 QUANTITY_OFF_LOT quantity'],
    ['a quantity of zero', { ...LIMIT, quantity: '0.00' }, '422 QUANTITY_OUT_OF_RANGE quantity'],
    [
      'a quantity past 2^53 lots',
      { ...LIMIT, quantity: '9'.repeat(20) },
      '422 QUANTITY_OUT_OF_RANGE quantity',
    ],
    [
      'a quoteQuantity of zero',
      { ...MARKET, quantity: undefined, quoteQuantity: '0' },
      '422 AMOUNT_OUT_OF_RANGE quoteQuantity',
    ],
    [
      'a quoteQuantity past 2^62 units',
      { ...MARKET, quantity: undefined, quoteQuantity: '99999999999999999999' },
      '422 AMOUNT_OUT_OF_RANGE quoteQuantity',
    ],
  ];
  const noDecimals: unknown[] = [
    1,
    -1,
    1.5,
    '-1',
    '+1',
    '1e3',
    '1E3',
    '0x10',
    'NaN',
    'Infinity',
    '',
    ' 1',
    '1 ',
    '1\n',
    '1.',
    '.1',
    '1,5',
    '１',
    '1'.repeat(400),
    `0.${'0'.repeat(18)}1`,
    null,
    true,
    [],
    ['1'],
    {},
    { toString: 1 },
  ];
  for (const value of noDecimals) {
    fields.push([`price ${JSON.stringify(value)}`, { ...LIMIT, price: value }, '400 BAD_FIELD price']);
    fields.push([
      `quantity ${JSON.stringify(value)}`,
      { ...LIMIT, quantity: value },
      '400 BAD_FIELD quantity',
    ]);
  }
  await refusalsByApi(
    t,
    fields.map(([what, body, expected]): Case => [what, () => post('/order', body), expected]),
  );
});

t.test('a body that is not what it should be', async t => {
  const raw = (raw: string | Buffer, headers: Record<string, string> = {}) =>
    stack.request('POST', '/api/v1/order', { token: user.token, raw, headers });
  const text = JSON.stringify(LIMIT);
  await refusalsByApi(t, [
    ['broken JSON', () => raw('{"market":'), '400 BAD_JSON'],
    ['no JSON', () => raw('market=BTC_USDT'), '400 BAD_JSON'],
    ['two values', () => raw(`${text}${text}`), '400 BAD_JSON'],
    ['NaN', () => raw(text.replace('"100"', 'NaN')), '400 BAD_JSON'],
    ['an array', () => raw('[]'), '400 BAD_JSON'],
    ['null', () => raw('null'), '400 BAD_JSON'],
    ['a string', () => raw('"BTC_USDT"'), '400 BAD_JSON'],
    ['a number', () => raw('1'), '400 BAD_JSON'],
    ['nothing', () => raw(''), '400 BAD_JSON'],
    ['broken UTF-8', () => raw(Buffer.concat([Buffer.from(text), Buffer.from([0xff])])), '400 BAD_JSON'],
    ['__proto__', () => raw(`{"__proto__":{"price":"1"},${text.slice(1)}`), '400 UNKNOWN_FIELD __proto__'],
    [
      'a name of 10,000 letters',
      () => raw(`{"${'x'.repeat(10_000)}":1,${text.slice(1)}`),
      `400 UNKNOWN_FIELD ${'x'.repeat(64)}…`,
    ],
    ['30,000 arrays deep', () => raw('['.repeat(30_000) + ']'.repeat(30_000)), '400 BAD_JSON'],
    [
      'a field 30,000 deep',
      () =>
        raw(
          `{"price":${'['.repeat(30_000)}${']'.repeat(30_000)},"type":"LIMIT","market":"BTC_USDT","side":"BUY","quantity":"1"}`,
        ),
      '400 BAD_FIELD price',
    ],
    [
      'a number of 60,000 digits',
      () => raw(text.replace('"100"', '1'.repeat(60_000))),
      '400 BAD_FIELD price',
    ],
    ['65,536 bytes', () => raw(text.replace('BUY', 'HODL').padEnd(65_536)), '400 BAD_FIELD side'],
    ['65,537 bytes', () => raw(text.padEnd(65_537)), '413 BODY_TOO_LARGE'],
    ['3 MB', () => raw(text.padEnd(3 << 20)), '413 BODY_TOO_LARGE'],
    ['text/plain', () => raw(text, { 'content-type': 'text/plain' }), '415 BAD_CONTENT_TYPE'],
    [
      'a form',
      () => raw(text, { 'content-type': 'application/x-www-form-urlencoded' }),
      '415 BAD_CONTENT_TYPE',
    ],
    ['application/jsonp', () => raw(text, { 'content-type': 'application/jsonp' }), '415 BAD_CONTENT_TYPE'],
  ]);
});

t.test('content types of JSON are taken', async t => {
  for (const type of ['application/json', 'Application/JSON', 'application/json; charset=utf-8']) {
    const raw = JSON.stringify({ ...LIMIT, side: 'HODL' });
    const options: RequestOptions = { token: user.token, raw, headers: { 'content-type': type } };
    t.equal(outcome(await stack.request('POST', '/api/v1/order', options)), '400 BAD_FIELD side', type);
  }
});

t.test(
  'the refusal of a very large body comes while it is being sent, and the connection goes on',
  async t => {
    const socket = connect(Number(new URL(stack.url).port), '127.0.0.1');
    const head = 'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    socket.write(`${head}Content-Length: ${8 << 20}\r\n\r\n`);
    const mebibyte = Buffer.alloc(1 << 20, ' ');
    for (let sent = 0; sent < 5; sent++) socket.write(mebibyte);
    let answers = '';
    const until = async (pattern: RegExp) => {
      while (!pattern.test(answers)) answers += (await once(socket, 'data'))[0];
    };
    await until(/^HTTP\/1.1 413 .*BODY_TOO_LARGE/s);
    for (let sent = 5; sent < 8; sent++) socket.write(mebibyte);
    socket.write('GET /api/v1/time HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(/HTTP\/1.1 200 .*"time"/s);
    socket.destroy();
    t.pass();
  },
);

t.test('routes and methods that are not there', async t => {
  const request = (method: string, path: string, options: RequestOptions = {}) =>
    stack.request(method, path, options);
  await refusalsByApi(t, [
    ['the root', () => request('GET', '/'), '404 UNKNOWN_ROUTE'],
    ['another version', () => request('GET', '/api/v2/time'), '404 UNKNOWN_ROUTE'],
    ['a slash more', () => request('GET', '/api/v1/time/'), '404 UNKNOWN_ROUTE'],
    ['__proto__', () => request('GET', '/__proto__'), '404 UNKNOWN_ROUTE'],
    [
      'a body for nothing',
      () => request('POST', '/nothing', { raw: ' '.repeat(1 << 20) }),
      '404 UNKNOWN_ROUTE',
    ],
    ['another method', () => request('PUT', '/api/v1/order', { body: LIMIT }), '405 METHOD_NOT_ALLOWED'],
    ['POST where one reads', () => request('POST', '/api/v1/time', { body: {} }), '405 METHOD_NOT_ALLOWED'],
    ['GET where one writes', () => request('GET', '/api/v1/user/new'), '405 METHOD_NOT_ALLOWED'],
    ['OPTIONS', () => request('OPTIONS', '/api/v1/order'), '405 METHOD_NOT_ALLOWED'],
  ]);
  const { headers } = await request('PUT', '/api/v1/order', { body: LIMIT });
  t.equal(headers.allow, 'POST, GET, DELETE');
  t.equal(headers['content-type'], 'application/json');
  t.equal((await request('HEAD', '/api/v1/time')).status, 405);
});

t.test('what is no HTTP ends its connection only', async t => {
  for (const garbage of ['garbage\r\n\r\n', '\x16\x03\x01\x02\x00', 'GET /api/v1/time HTTP/0.9\r\n\r\n']) {
    const socket = connect(Number(new URL(stack.url).port), '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.end(garbage);
    await new Promise(resolve => socket.on('close', resolve));
  }
  t.equal((await get('/time')).status, 200);
});

t.test('query strings', async t => {
  const bad: readonly [path: string, expected: string][] = [
    ['/order', '400 MISSING_FIELD orderId'],
    ['/order?market=BTC_USDT', '400 MISSING_FIELD clientOrderId'],
    ['/order?clientOrderId=a', '400 MISSING_FIELD market'],
    ['/order?orderId=1&market=BTC_USDT', '400 BAD_FIELD orderId'],
    ['/order?orderId=1&orderId=2', '400 BAD_FIELD orderId'],
    ['/order?orderId=', '400 BAD_FIELD orderId'],
    ['/order?orderId=abc', '400 BAD_FIELD orderId'],
    ['/order?orderId=-1', '400 BAD_FIELD orderId'],
    ['/order?orderId=1e3', '400 BAD_FIELD orderId'],
    ['/order?orderId=9007199254740992', '400 BAD_FIELD orderId'],
    ['/order?orderId=%00', '400 BAD_FIELD orderId'],
    ['/order?orderId=%zz', '400 BAD_FIELD orderId'],
    ['/order?orderid=1', '400 UNKNOWN_FIELD orderid'],
    ['/order?__proto__=1&orderId=1', '400 UNKNOWN_FIELD __proto__'],
    ['/order?market=NOPE&clientOrderId=a', '404 UNKNOWN_MARKET market'],
    ['/order?market=BTC_USDT&clientOrderId=a%20b', '400 BAD_FIELD clientOrderId'],
    ['/order/open?market=NOPE', '404 UNKNOWN_MARKET market'],
    ['/user?verbose=1', '400 UNKNOWN_FIELD verbose'],
    ['/user/order?limit=0', '400 BAD_FIELD limit'],
    ['/user/order?limit=1001', '400 BAD_FIELD limit'],
    ['/user/order?limit=1.5', '400 BAD_FIELD limit'],
    ['/user/order?limit=', '400 BAD_FIELD limit'],
    ['/user/order?status=DONE', '400 BAD_FIELD status'],
    ['/user/order?market=NOPE', '404 UNKNOWN_MARKET market'],
    ['/user/order?cursor=x', '400 BAD_CURSOR cursor'],
    ['/user/order?cursor=', '400 BAD_CURSOR cursor'],
    ['/user/order?cursor=MS4y', '400 BAD_CURSOR cursor'],
    ['/user/trades?cursor=MQ', '400 BAD_CURSOR cursor'],
    ['/user/trades?orderId=x', '400 BAD_FIELD orderId'],
    ['/user/ledger?asset=NOPE', '404 UNKNOWN_ASSET asset'],
    [`/user/ledger?cursor=${'a'.repeat(2000)}`, '400 BAD_CURSOR cursor'],
    ['/depth', '400 MISSING_FIELD market'],
    ['/depth?market=NOPE', '404 UNKNOWN_MARKET market'],
    ['/depth?market=BTC_USDT&limit=5001', '400 BAD_FIELD limit'],
    ['/trades?market=BTC_USDT&limit=1001', '400 BAD_FIELD limit'],
    ['/klines?market=BTC_USDT', '400 MISSING_FIELD interval'],
    ['/klines?market=BTC_USDT&interval=2m', '400 BAD_INTERVAL interval'],
    ['/klines?market=BTC_USDT&interval=1m&startTime=x', '400 BAD_FIELD startTime'],
    ['/klines?market=BTC_USDT&interval=1m&startTime=-1', '400 BAD_FIELD startTime'],
    ['/klines?market=BTC_USDT&interval=1m&fill=yes', '400 BAD_FIELD fill'],
    ['/klines?market=NOPE&interval=1m', '404 UNKNOWN_MARKET market'],
  ];
  await refusalsByApi(
    t,
    bad.map(([path, expected]): Case => [path, () => get(path), expected]),
  );
});

t.test('who is not who he says', async t => {
  const sign = (header: unknown, claims: unknown, secret: string, hash = 'sha256') => {
    const input = [header, claims]
      .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
  };
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: user.userId, email: user.email, role: 'ADMIN', iat: now, exp: now + 60 };
  const HS256 = { alg: 'HS256', typ: 'JWT' };
  const unsigned = (alg: string) => `${sign({ alg }, claims, SECRET).split('.').slice(0, 2).join('.')}.`;
  const [head, payload, signature] = user.token.split('.') as [string, string, string];
  const asAdmin = Buffer.from(payload, 'base64url').toString().replace('"USER"', '"ADMIN"');
  const as = (token: string) => () => get('/user', token);
  const header = (authorization: string) => () =>
    stack.request('GET', '/api/v1/user', { headers: { authorization } });
  await refusalsByApi(t, [
    ['no token', () => stack.request('GET', '/api/v1/user'), '401 UNAUTHENTICATED'],
    ['an empty one', header('Bearer '), '401 UNAUTHENTICATED'],
    ['another scheme', header(`Basic ${user.token}`), '401 UNAUTHENTICATED'],
    ['no scheme', header(user.token), '401 UNAUTHENTICATED'],
    ['no JWT', as('abc'), '401 UNAUTHENTICATED'],
    ['dots', as('..'), '401 UNAUTHENTICATED'],
    ['alg none', as(unsigned('none')), '401 UNAUTHENTICATED'],
    ['alg None', as(unsigned('None')), '401 UNAUTHENTICATED'],
    ['alg none with a signature', as(sign({ alg: 'none' }, claims, SECRET)), '401 UNAUTHENTICATED'],
    ['HS512 with our secret', as(sign({ alg: 'HS512' }, claims, SECRET, 'sha512')), '401 UNAUTHENTICATED'],
    ['another secret', as(sign(HS256, claims, 'another secret')), '401 UNAUTHENTICATED'],
    ['no signature', as(`${head}.${payload}.`), '401 UNAUTHENTICATED'],
    [
      'a role of his own',
      as(`${head}.${Buffer.from(asAdmin).toString('base64url')}.${signature}`),
      '401 UNAUTHENTICATED',
    ],
    ['no subject', as(sign(HS256, { ...claims, sub: undefined }, SECRET)), '401 UNAUTHENTICATED'],
    ['no expiry', as(sign(HS256, { ...claims, exp: undefined }, SECRET)), '401 UNAUTHENTICATED'],
    ['expired', as(sign(HS256, { ...claims, exp: now - 1 }, SECRET)), '401 TOKEN_EXPIRED'],
    [
      'a user that is not there',
      as(sign(HS256, { ...claims, sub: '999999' }, SECRET)),
      '401 UNAUTHENTICATED',
    ],
    [
      'no token to order',
      () => stack.request('POST', '/api/v1/order', { body: LIMIT }),
      '401 UNAUTHENTICATED',
    ],
    ['a user as administrator', () => post('/admin/assets', { asset: 'X', decimals: 2 }), '403 FORBIDDEN'],
    [
      'nobody as administrator',
      () => stack.request('POST', '/api/v1/admin/assets', { body: {} }),
      '401 UNAUTHENTICATED',
    ],
  ]);
  t.equal(
    (await get('/user', sign(HS256, { ...claims, role: 'USER' }, SECRET))).status,
    200,
    'ours is taken',
  );
});

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

t.test('what the engine refuses has its code, too', async t => {
  const poor = await stack.trader({ USDT: '2.5' });
  const place = (order: unknown) => () => post('/order', order, poor.token);
  await refusals(t, [
    ['below the minimum', place({ ...LIMIT, price: '0.5', quantity: '1' }), '422 MIN_NOTIONAL quantity'],
    ['above the largest price', place({ ...LIMIT, price: '10000000.01' }), '422 PRICE_OUT_OF_RANGE price'],
    [
      'above the largest quantity',
      place({ ...LIMIT, quantity: '1000.00001' }),
      '422 QUANTITY_OUT_OF_RANGE quantity',
    ],
    ['nobody to sell', place({ ...MARKET, market: 'ETH_USDT' }), '422 NO_LIQUIDITY'],
  ]);
});

t.test('orders: placed, found, listed, canceled', async t => {
  const maker = await stack.trader({ ETH: '10' });
  const taker = await stack.trader({ USDT: '5000' });
  const sell = {
    market: 'ETH_USDT',
    side: 'SELL',
    type: 'LIMIT',
    price: '1000',
    quantity: '2',
    clientOrderId: 's1',
  };
  const resting = await post('/order', sell, maker.token);
  t.equal(resting.status, 201);
  t.match(resting.body, {
    orderId: /^\d+$/,
    clientOrderId: 's1',
    market: 'ETH_USDT',
    side: 'SELL',
    type: 'LIMIT',
    timeInForce: 'GTC',
    price: '1000.00',
    quantity: '2.0000',
    filledQuantity: '0.0000',
    filledQuote: '0.00000000',
    averagePrice: null,
    status: 'NEW',
    selfTradePrevention: 'EXPIRE_MAKER',
    createdAt: Number,
    updatedAt: Number,
    fills: [],
  });
  t.notOk('quoteQuantity' in resting.body);

  const bought = await post(
    '/order',
    { market: 'ETH_USDT', side: 'BUY', type: 'MARKET', quoteQuantity: '500' },
    taker.token,
  );
  t.match(bought.body, {
    clientOrderId: /^[\w-]{1,36}$/,
    type: 'MARKET',
    timeInForce: 'IOC',
    price: null,
    quantity: null,
    quoteQuantity: '500.00000000',
    filledQuantity: '0.5000',
    filledQuote: '500.00000000',
    averagePrice: '1000.00',
    status: 'FILLED',
    fills: [
      {
        tradeId: '1',
        price: '1000.00',
        quantity: '0.5000',
        fee: '0.00000000',
        feeAsset: 'ETH',
        maker: false,
        time: bought.body.updatedAt,
      },
    ],
  });

  const byId = `/order?orderId=${resting.body.orderId}`;
  const byName = '/order?market=ETH_USDT&clientOrderId=s1';
  const open = await get(byId, maker.token);
  t.match(open.body, {
    status: 'PARTIALLY_FILLED',
    filledQuantity: '0.5000',
    fills: [{ tradeId: '1', feeAsset: 'USDT', maker: true }],
  });
  t.same((await get(byName, maker.token)).body, open.body);
  t.same((await get('/order/open', maker.token)).body, [open.body]);
  t.same((await get('/order/open?market=ETH_USDT', maker.token)).body, [open.body]);
  t.same((await get('/order/open?market=BTC_USDT', maker.token)).body, []);
  // It ended a moment ago, so the engine does not hold it, and Postgres may not have it yet.
  t.same((await get(`/order?orderId=${bought.body.orderId}`, taker.token)).body, bought.body);

  await refusals(t, [
    ["somebody else's order", () => get(byId, taker.token), '404 UNKNOWN_ORDER'],
    ["somebody else's order by name", () => get(byName, taker.token), '404 UNKNOWN_ORDER'],
    ["cancel of somebody else's order", () => remove(byId, taker.token), '404 UNKNOWN_ORDER'],
    ['no such order', () => get('/order?orderId=999999999', maker.token), '404 UNKNOWN_ORDER'],
    ['cancel of no such order', () => remove('/order?orderId=999999999', maker.token), '404 UNKNOWN_ORDER'],
    [
      'cancel of an ended order',
      () => remove(`/order?orderId=${bought.body.orderId}`, taker.token),
      '404 UNKNOWN_ORDER',
    ],
    [
      'a name that is taken',
      () => post('/order', sell, maker.token),
      '409 DUPLICATE_CLIENT_ORDER_ID clientOrderId',
    ],
    [
      'a maker that would take',
      () => post('/order', { ...LIMIT, market: 'ETH_USDT', type: 'LIMIT_MAKER', price: '1000' }, taker.token),
      '422 WOULD_TAKE price',
    ],
  ]);

  const canceled = await remove(byName, maker.token);
  t.equal(canceled.status, 200);
  t.match(canceled.body, {
    orderId: resting.body.orderId,
    status: 'CANCELED',
    filledQuantity: '0.5000',
    fills: [{ tradeId: '1' }],
  });
  t.same((await get(byId, maker.token)).body, canceled.body);
  t.equal(outcome(await remove(byId, maker.token)), '404 UNKNOWN_ORDER', 'canceled once');

  const second = await post('/order', { ...sell, price: '1001' }, maker.token);
  t.equal((await get(byName, maker.token)).body.orderId, second.body.orderId, 'by name: the newest');
  const third = await post(
    '/order',
    { ...sell, market: 'BTC_USDT', quantity: '0', clientOrderId: 'x' },
    maker.token,
  );
  t.equal(outcome(third), '422 QUANTITY_OUT_OF_RANGE quantity');
  t.same((await remove('/order/open?market=BTC_USDT', maker.token)).body, { canceled: [] });
  t.same((await remove('/order/open', maker.token)).body, { canceled: [second.body.orderId] });
  const { ETH, USDT } = await stack.balances(maker);
  t.same(
    [ETH, USDT],
    [
      ['9.50000000', '0.00000000'],
      ['10500.00000000', '0.00000000'],
    ],
  );
});

t.test('a message of too little money has the figures', async t => {
  const poor = await stack.trader({});
  await post('/user/withdraw', { asset: 'USDT', amount: '9987.5' }, poor.token);
  const { status, body } = await post('/order', { ...LIMIT, quantity: '5' }, poor.token);
  t.equal(status, 422);
  t.same(body.error, {
    code: 'INSUFFICIENT_BALANCE',
    message: 'BTC_USDT buy needs 500.00 USDT, 12.50 available',
    field: 'quantity',
  });
});

t.test('history, page by page, newest first', async t => {
  const trader = await stack.trader({ ADA: '100' });
  const seller = await stack.trader({ ADA: '100' });
  const sides: readonly [who: TestUser, side: string][] = [
    [seller, 'SELL'],
    [trader, 'BUY'],
  ];
  for (let price = 1; price <= 5; price++) {
    for (const [who, side] of sides) {
      const order = { market: 'ADA_USDT', side, type: 'LIMIT', price: `${price}`, quantity: `${price}` };
      t.equal((await post('/order', order, who.token)).status, 201);
    }
  }
  const resting = { market: 'ADA_USDT', side: 'BUY', type: 'LIMIT', price: '0.5', quantity: '10' };
  t.equal((await post('/order', resting, trader.token)).status, 201);
  await stack.settled();

  const pages = async (path: string): Promise<Body[][]> => {
    const found: Body[][] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { status, body }: Answer = await get(`${path}${cursor && `&cursor=${cursor}`}`, trader.token);
      t.equal(status, 200);
      found.push(body.items);
      cursor = body.nextCursor;
    }
    return found;
  };
  const orders = await pages('/user/order?limit=4');
  t.same(
    orders.map(page => page.map(order => [order.price, order.status])),
    [
      [
        ['0.5000', 'NEW'],
        ['5.0000', 'FILLED'],
        ['4.0000', 'FILLED'],
        ['3.0000', 'FILLED'],
      ],
      [
        ['2.0000', 'FILLED'],
        ['1.0000', 'FILLED'],
      ],
    ],
  );
  t.match(orders[0]![1], {
    filledQuantity: '5.0',
    filledQuote: '25.00000000',
    averagePrice: '5.0000',
    fills: [{ quantity: '5.0' }],
  });
  t.same(
    (await pages('/user/order?limit=3&status=FILLED')).map(page => page.length),
    [3, 2],
  );
  t.same(await pages('/user/order?limit=1000&market=BTC_USDT'), [[]]);

  const fills = await pages('/user/trades?limit=2');
  t.same(
    fills.map(page => page.map(fill => fill.price)),
    [['5.0000', '4.0000'], ['3.0000', '2.0000'], ['1.0000']],
  );
  t.match(fills[0]![0], {
    tradeId: /^\d+$/,
    orderId: orders[0]![1].orderId,
    market: 'ADA_USDT',
    side: 'BUY',
    price: '5.0000',
    quantity: '5.0',
    quoteQuantity: '25.00000000',
    fee: '0.000000',
    feeAsset: 'ADA',
    maker: false,
    time: Number,
  });
  t.same(await pages(`/user/trades?limit=2&orderId=${orders[0]![1].orderId}`), [[fills[0]![0]]]);
  t.same(await pages('/user/trades?limit=2&market=BTC_USDT'), [[]]);
  const sold = (await get('/user/trades?limit=1', seller.token)).body.items[0];
  t.match(sold, { side: 'SELL', maker: true, feeAsset: 'USDT', tradeId: fills[0]![0].tradeId });

  const ledger = (await pages('/user/ledger?limit=3&asset=USDT')).flat();
  t.same(
    ledger.map(entry => [entry.amount, entry.type, entry.balanceAfter]),
    [
      ['-25.00000000', 'TRADE', '9945.00000000'],
      ['-16.00000000', 'TRADE', '9970.00000000'],
      ['-9.00000000', 'TRADE', '9986.00000000'],
      ['-4.00000000', 'TRADE', '9995.00000000'],
      ['-1.00000000', 'TRADE', '9999.00000000'],
      ['10000.00000000', 'DEPOSIT', '10000.00000000'],
    ],
  );
  t.match(ledger[0], {
    ledgerId: /^\d+$/,
    asset: 'USDT',
    reference: `ADA_USDT:${fills[0]![0].tradeId}`,
    time: Number,
  });
  t.equal((await get('/user/ledger')).body.items.length, 2, 'nobody else’s');
});

t.test('an account that trades with itself has both fills', async t => {
  const lone = await stack.trader({ ETH: '1' });
  const order = {
    market: 'ETH_USDT',
    type: 'LIMIT',
    price: '900',
    quantity: '1',
    selfTradePrevention: 'NONE',
  };
  for (const side of ['SELL', 'BUY'])
    t.equal((await post('/order', { ...order, side }, lone.token)).status, 201);
  await stack.settled();
  const seen: Body[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body }: Answer = await get(`/user/trades?limit=1${cursor && `&cursor=${cursor}`}`, lone.token);
    seen.push(...body.items);
    cursor = body.nextCursor;
  }
  t.same(
    seen.map(fill => [fill.side, fill.maker]),
    [
      ['SELL', true],
      ['BUY', false],
    ],
  );
});

t.test('what anybody may read', async t => {
  const open = (path: string) => stack.request('GET', `/api/v1${path}`);
  const { body: time } = await open('/time');
  t.ok(Math.abs(time.time - Date.now()) < 5000);
  t.same((await open('/assets')).body.slice(0, 2), [
    { asset: 'ADA', decimals: 6, status: 'ACTIVE' },
    { asset: 'BTC', decimals: 8, status: 'ACTIVE' },
  ]);
  t.same((await open('/markets')).body[1], {
    market: 'BTC_USDT',
    base: 'BTC',
    quote: 'USDT',
    tickSize: '0.01',
    lotSize: '0.00001',
    minQuantity: '0.00001',
    maxQuantity: '1000.00000',
    minPrice: '0.01',
    maxPrice: '10000000.00',
    minNotional: '1.00000000',
    maxOpenOrders: 1000,
    makerFee: '0',
    takerFee: '0',
    status: 'TRADING',
  });
  const depth = (await open('/depth?market=ADA_USDT&limit=5')).body;
  t.match(depth, { market: 'ADA_USDT', lastUpdateId: Number, bids: [['0.5000', '10.0']], asks: [] });
  const trades = (await open('/trades?market=ADA_USDT&limit=2')).body;
  t.match(trades, [
    {
      tradeId: '5',
      price: '5.0000',
      quantity: '5.0',
      quoteQuantity: '25.00000000',
      time: Number,
      buyerIsMaker: false,
    },
    { tradeId: '4' },
  ]);
});

t.test('candles', async t => {
  const open = async (query: string): Promise<Body[]> => (await get(`/klines?market=ADA_USDT&${query}`)).body;
  const [day] = await open('interval=1M');
  t.match(day, {
    openTime: Number,
    open: '1.0000',
    high: '5.0000',
    low: '1.0000',
    close: '5.0000',
    volume: '15.000000',
    closeTime: Number,
    quoteVolume: '55.00000000',
    trades: 5,
    takerBuyVolume: '15.000000',
    takerBuyQuoteVolume: '55.00000000',
    firstTradeId: '1',
    lastTradeId: '5',
  });
  t.same(await open('interval=1d&endTime=0'), []);
  t.same(await open(`interval=1d&startTime=${Date.now() + 86_400_000}`), []);
  t.same(await open(`interval=1M&startTime=${day.openTime}`), [day]);
  t.same(await open(`interval=1M&startTime=${day.openTime + 1}`), []);

  const seconds = await open('interval=1s');
  const from = seconds[0].openTime;
  const last = seconds.at(-1);
  // Candles of the future are not made.
  await sleep(last.openTime + 3000 - Date.now());
  const filled = await open(`interval=1s&startTime=${from}&endTime=${from + 2000}&fill=true`);
  t.same(
    filled.map(candle => candle.openTime),
    [from, from + 1000, from + 2000],
  );
  const [flat] = await open(
    `interval=1s&startTime=${last.openTime + 1}&endTime=${last.openTime + 1000}&fill=true`,
  );
  t.match(flat, {
    open: '5.0000',
    high: '5.0000',
    low: '5.0000',
    close: '5.0000',
    volume: '0.000000',
    trades: 0,
  });
  t.equal((await open('interval=1s&fill=true&limit=3')).length, 3, 'without startTime: the newest');
  t.same(await open('interval=1s&limit=1'), [last]);
});

t.test('an administrator lists assets and markets', async t => {
  const asset = (body: unknown) => () => post('/admin/assets', body, admin);
  const market = (body: unknown) => () => post('/admin/markets', body, admin);
  const patch = (name: string, body: unknown) => () =>
    stack.request('PATCH', `/api/v1/admin/markets/${name}`, { token: admin, body });
  const created = await post('/admin/assets', { asset: 'GOLD', decimals: 3 }, admin);
  t.same([created.status, created.body], [201, { asset: 'GOLD', decimals: 3, status: 'ACTIVE' }]);
  const GOLD = { market: 'GOLD_USDT', tickSize: '0.05', lotSize: '0.01' };
  const listed = await post('/admin/markets', { ...GOLD, takerFee: '0.001', minNotional: '5' }, admin);
  t.equal(listed.status, 201);
  t.same(listed.body, {
    market: 'GOLD_USDT',
    base: 'GOLD',
    quote: 'USDT',
    tickSize: '0.05',
    lotSize: '0.01',
    minQuantity: '0.01',
    maxQuantity: '10000.00',
    minPrice: '0.05',
    maxPrice: '50000.00',
    minNotional: '5.00000000',
    maxOpenOrders: 1000,
    makerFee: '0',
    takerFee: '0.001',
    status: 'TRADING',
  });
  const GOLD2 = { ...GOLD, market: 'GOLD2_USDT', base: 'GOLD' };
  await refusals(t, [
    ['an asset twice', asset({ asset: 'GOLD', decimals: 3 }), '409 ALREADY_EXISTS'],
    ['an asset in small letters', asset({ asset: 'gold', decimals: 3 }), '400 BAD_FIELD asset'],
    ['a long name', asset({ asset: 'GOLDGOLDGOLD', decimals: 3 }), '400 BAD_FIELD asset'],
    ['decimals as text', asset({ asset: 'TIN', decimals: '3' }), '400 BAD_FIELD decimals'],
    ['19 decimals', asset({ asset: 'TIN', decimals: 19 }), '400 BAD_FIELD decimals'],
    ['half a decimal', asset({ asset: 'TIN', decimals: 0.5 }), '400 BAD_FIELD decimals'],
    ['a market twice', market(GOLD), '409 ALREADY_EXISTS'],
    ['an unknown base', market({ ...GOLD, market: 'TIN_USDT' }), '404 UNKNOWN_ASSET base'],
    ['an unknown quote', market({ ...GOLD2, quote: 'EUR' }), '404 UNKNOWN_ASSET quote'],
    ['no name', market({ ...GOLD2, market: 'GOLD' }), '400 BAD_FIELD market'],
    ['no tick', market({ ...GOLD2, tickSize: undefined }), '400 MISSING_FIELD tickSize'],
    ['a tick of zero', market({ ...GOLD2, tickSize: '0' }), '400 BAD_FIELD tickSize'],
    ['a lot below the unit', market({ ...GOLD2, lotSize: '0.0001' }), '400 BAD_FIELD lotSize'],
    ['a tick too fine', market({ ...GOLD2, tickSize: '0.00000000001' }), '400 BAD_FIELD lotSize'],
    ['a fee of 1', market({ ...GOLD2, makerFee: '1' }), '400 BAD_FIELD makerFee'],
    ['a fee too fine', market({ ...GOLD2, makerFee: '0.000000001' }), '400 BAD_FIELD makerFee'],
    ['a limit off its step', market({ ...GOLD2, maxPrice: '0.07' }), '422 PRICE_OFF_TICK maxPrice'],
    ['a limit of zero', market({ ...GOLD2, minQuantity: '0' }), '422 QUANTITY_OUT_OF_RANGE minQuantity'],
    ['a status', market({ ...GOLD2, status: 'OPEN' }), '400 BAD_FIELD status'],
    ['a change of the tick', patch('GOLD_USDT', { tickSize: '1' }), '400 UNKNOWN_FIELD tickSize'],
    ['a change of no market', patch('NOPE_USDT', { status: 'HALT' }), '404 UNKNOWN_MARKET market'],
    ['a minimum above the maximum', patch('GOLD_USDT', { minPrice: '50000.05' }), '400 BAD_FIELD'],
    ['too large a product', patch('GOLD_USDT', { maxPrice: '400000000000000' }), '400 BAD_FIELD'],
    [
      'a change by a user',
      () => stack.request('PATCH', '/api/v1/admin/markets/GOLD_USDT', { token: user.token, body: {} }),
      '403 FORBIDDEN',
    ],
  ]);

  const buy = { market: 'GOLD_USDT', side: 'BUY', type: 'LIMIT', price: '100.05', quantity: '1' };
  const resting = await post('/order', buy);
  t.equal(resting.status, 201, 'it trades at once');
  const changed = await patch('GOLD_USDT', { status: 'CANCEL_ONLY', makerFee: '0.0005', maxOpenOrders: 1 })();
  t.equal(changed.status, 200);
  t.match(changed.body, { status: 'CANCEL_ONLY', makerFee: '0.0005', takerFee: '0.001', maxOpenOrders: 1 });
  t.match(
    (await get('/markets')).body.find((known: Body) => known.market === 'GOLD_USDT'),
    changed.body,
  );
  t.equal(outcome(await post('/order', buy)), '422 MARKET_NOT_TRADING market');
  t.equal((await patch('GOLD_USDT', { status: 'TRADING' })()).status, 200);
  t.equal(outcome(await post('/order', buy)), '422 TOO_MANY_ORDERS');
  t.equal((await patch('GOLD_USDT', { status: 'HALT' })()).status, 200);
  t.equal((await remove(`/order?orderId=${resting.body.orderId}`)).body.status, 'CANCELED', 'cancels work');
});

t.test('an administrator credits a user, and a fee is taken', async t => {
  const owner = await stack.trader({});
  const credit = { userId: owner.userId, asset: 'GOLD', amount: '10', id: 'credit-1' };
  const deposit = (body: unknown) => () => post('/admin/deposit', body, admin);
  const { status, body } = await post('/admin/deposit', credit, admin);
  t.equal(status, 201);
  t.match(body, { asset: 'GOLD', amount: '10.000', balance: { available: '10.000', locked: '0.000' } });
  t.same((await post('/admin/deposit', credit, admin)).body, body);
  await refusals(t, [
    ['nobody', deposit({ ...credit, userId: '999999' }), '404 UNKNOWN_USER userId'],
    ['the treasury', deposit({ ...credit, userId: '1' }), '404 UNKNOWN_USER userId'],
    ['a number', deposit({ ...credit, userId: 1002 }), '400 BAD_FIELD userId'],
    ['no id', deposit({ ...credit, id: undefined }), '400 MISSING_FIELD id'],
    ['by a user', () => post('/admin/deposit', credit), '403 FORBIDDEN'],
  ]);
  await stack.request('PATCH', '/api/v1/admin/markets/GOLD_USDT', {
    token: admin,
    body: { status: 'TRADING' },
  });
  const order = { market: 'GOLD_USDT', type: 'LIMIT', price: '100', quantity: '1' };
  await post('/order', { ...order, side: 'SELL' }, owner.token);
  const { body: bought } = await post('/order', { ...order, side: 'BUY' }, other.token);
  t.match(bought.fills, [{ fee: '0.001', feeAsset: 'GOLD' }], 'taker 0.001 of 1 GOLD');
  t.same((await stack.balances(owner)).USDT, ['10099.95000000', '0.00000000'], 'maker 0.0005 of 100 USDT');
});

t.test('health', async t => {
  t.equal((await stack.request('GET', '/health')).status, 200);
  await stack.settled();
  const { status, body } = await stack.request('GET', '/health/ready');
  t.equal(status, 200);
  t.match(body, {
    ready: true,
    sequence: Number,
    leader: { instance: /^engine/, epoch: 1 },
    redis: 'up',
    postgres: 'up',
    dbWriter: { watermark: Number, lag: Number },
  });
});

t.test('a thousand requests on one connection after another', async t => {
  const { Agent, request } = await import('node:http');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const statuses = new Set<number>();
  for (let count = 0; count < 1000; count++) {
    await new Promise<void>((resolve, reject) => {
      const options = { agent, method: count % 2 === 0 ? 'GET' : 'POST' };
      request(`${stack.url}/api/v1/${count % 2 === 0 ? 'time' : 'order'}`, options, response => {
        statuses.add(response.statusCode!);
        response.resume().on('end', resolve);
      })
        .on('error', reject)
        .end(count % 2 === 0 ? undefined : '{}');
    });
  }
  agent.destroy();
  t.same([...statuses], [200, 415]);
});
