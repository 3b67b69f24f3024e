/**
 * Every wrong thing that a client can send to the HTTP interface: each has its code, all of it changes nothing, and the
 * processes live.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import t from 'tap';
import { apiCalls, type Case, outcome } from './api-calls.js';
import { type RequestOptions, startStack } from './stack.js';

const SECRET = 'a secret of at least thirty-two characters';
const LIMIT = { market: 'BTC_USDT', side: 'BUY', type: 'LIMIT', price: '100', quantity: '1' };
const MARKET = { market: 'BTC_USDT', side: 'BUY', type: 'MARKET', quantity: '1' };

const stack = await startStack(t, { env: { JWT_SECRET: SECRET } });
const user = await stack.register();
const { get, post, refusalsByApi } = apiCalls(stack, user);

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
    ['broken UTF-8', () => raw(Buffer.from(text.replace('BTC', 'BT\xff'), 'latin1')), '400 BAD_JSON'],
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
      () => request('POST', '/nothing', { raw: ' '.repeat(1 << 15) }),
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
    ['/ticker?market=NOPE', '404 UNKNOWN_MARKET market'],
    ['/ticker?markets=BTC_USDT', '400 UNKNOWN_FIELD markets'],
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

t.test('a thousand requests on one connection after another', async t => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const statuses = new Set<number>();
  for (let count = 0; count < 1000; count++) {
    await new Promise<void>((resolve, reject) => {
      const options = { agent, method: count % 2 === 0 ? 'GET' : 'POST' };
      httpRequest(`${stack.url}/api/v1/${count % 2 === 0 ? 'time' : 'order'}`, options, response => {
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
