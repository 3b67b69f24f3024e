/**
 * Every refusal that HTTP knows, met once: a table of requests by the code that they provoke. A code without a row does
 * not compile; that the codes are those of the interface's page is checked where that page is at hand.
 */

import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createSigner } from 'fast-jwt';
import t from 'tap';
import { Accounts } from '../api/accounts.js';
import type { Database } from '../api/database.js';
import { ERROR_STATUS, type ErrorCode } from '../api/errors.js';
import { clientAddress } from '../api/http/rate-limits.js';
import { RateLimit } from '../api/rate-limit.js';
import { apiCalls, outcome } from './api-calls.js';
import { type Answer, PASSWORD, startStack } from './stack.js';

const SECRET = 'a secret of at least thirty-two characters';
const API_PAGE = fileURLToPath(new URL('../../../shared/API.md', import.meta.url));
const LIMIT = { market: 'BTC_USDT', side: 'BUY', type: 'LIMIT', price: '100', quantity: '1' };
const MAX_LOTS = String(Number.MAX_SAFE_INTEGER);

const stack = await startStack(t, {
  env: { JWT_SECRET: SECRET, COMMANDS_PER_SECOND: '50', LOGINS_PER_SECOND: '1' },
});
const user = await stack.trader({ USDT: '1000', BTC: '2' });
const other = await stack.trader({ USDT: '1000', BTC: '2' });
const admin = await stack.admin();
const { get, post, remove } = apiCalls(stack, user);

type HttpCode = Exclude<ErrorCode, 'UNKNOWN_METHOD' | 'UNKNOWN_STREAM'>;

const place = (change: object, token?: string) => post('/order', { ...LIMIT, ...change }, token);
const patch = (market: string, body: object) =>
  stack.request('PATCH', `/api/v1/admin/markets/${market}`, { token: admin, body });
const signed = (claims: object) =>
  createSigner({ key: SECRET, algorithm: 'HS256', noTimestamp: true })({
    sub: user.userId,
    email: user.email,
    role: 'USER',
    ...claims,
  });

/** Each provokes its code, and says so in `<status> <code> <field>`. */
const TABLE: { readonly [C in HttpCode]: [provoke: () => Promise<Answer>, field?: string] } = {
  BAD_JSON: [() => stack.request('POST', '/api/v1/order', { token: user.token, raw: '{' })],
  MISSING_FIELD: [() => place({ price: undefined }), 'price'],
  BAD_FIELD: [() => place({ price: '-1' }), 'price'],
  UNKNOWN_FIELD: [() => place({ colour: 'red' }), 'colour'],
  BAD_INTERVAL: [() => get('/klines?market=BTC_USDT&interval=2m'), 'interval'],
  BAD_CURSOR: [() => get('/user/order?cursor=x'), 'cursor'],

  UNAUTHENTICATED: [() => get('/user', 'nonsense')],
  BAD_CREDENTIALS: [() => post('/user/login', { email: user.email, password: `not ${PASSWORD}` })],
  TOKEN_EXPIRED: [() => get('/user', signed({ exp: 1 }))],
  FORBIDDEN: [() => post('/admin/assets', { asset: 'X', decimals: 2 })],

  UNKNOWN_ROUTE: [() => get('/nothing')],
  UNKNOWN_MARKET: [() => place({ market: 'NOPE_USDT' }), 'market'],
  UNKNOWN_ASSET: [() => post('/user/deposit', { asset: 'NOPE', amount: '1' }), 'asset'],
  UNKNOWN_USER: [
    () => post('/admin/deposit', { userId: '999999', asset: 'BTC', amount: '1', id: 'a' }, admin),
    'userId',
  ],
  UNKNOWN_ORDER: [() => remove('/order?market=BTC_USDT&clientOrderId=never')],

  METHOD_NOT_ALLOWED: [() => post('/time', {})],
  BODY_TOO_LARGE: [() => place({ clientOrderId: 'a'.repeat(70_000) })],
  BAD_CONTENT_TYPE: [
    () => stack.request('POST', '/api/v1/order', { raw: 'a=b', headers: { 'content-type': 'text/plain' } }),
  ],

  DUPLICATE_EMAIL: [() => post('/user/new', { email: user.email, password: PASSWORD }), 'email'],
  DUPLICATE_CLIENT_ORDER_ID: [
    async () => {
      await place({ clientOrderId: 'twice' });
      return place({ clientOrderId: 'twice' });
    },
    'clientOrderId',
  ],
  DUPLICATE_ID: [
    async () => {
      await post('/user/deposit', { asset: 'BTC', amount: '1', id: 'once' });
      return post('/user/deposit', { asset: 'BTC', amount: '2', id: 'once' });
    },
    'id',
  ],
  ALREADY_EXISTS: [() => post('/admin/assets', { asset: 'BTC', decimals: 8 }, admin)],

  INSUFFICIENT_BALANCE: [() => place({ quantity: '11' }), 'quantity'],
  PRICE_OFF_TICK: [() => place({ price: '100.001' }), 'price'],
  QUANTITY_OFF_LOT: [() => place({ quantity: '0.000001' }), 'quantity'],
  QUANTITY_OUT_OF_RANGE: [() => place({ quantity: '1001' }), 'quantity'],
  PRICE_OUT_OF_RANGE: [() => place({ price: '10000000.01' }), 'price'],
  AMOUNT_OUT_OF_RANGE: [() => post('/user/withdraw', { asset: 'BTC', amount: '0' }), 'amount'],
  MIN_NOTIONAL: [() => place({ quantity: '0.00001' }), 'quantity'],
  WOULD_TAKE: [
    async () => {
      await place({ side: 'SELL', price: '200' }, other.token);
      return place({ type: 'LIMIT_MAKER', price: '200' });
    },
    'price',
  ],
  NO_LIQUIDITY: [() => place({ market: 'ETH_USDT', type: 'MARKET', price: undefined })],
  MARKET_NOT_TRADING: [
    async () => {
      await patch('ADA_USDT', { status: 'HALT' });
      return place({ market: 'ADA_USDT', price: '1', quantity: '10' });
    },
    'market',
  ],
  TOO_MANY_ORDERS: [
    async () => {
      await patch('BTC_USDT', { maxOpenOrders: 1 });
      await place({ price: '90' }, other.token);
      const answer = await place({ price: '90' }, other.token);
      await patch('BTC_USDT', { maxOpenOrders: 1000 });
      return answer;
    },
  ],
  LIMIT_EXCEEDED: [
    async () => {
      for (const asset of ['MANY', 'FEW']) await post('/admin/assets', { asset, decimals: 0 }, admin);
      const market = {
        market: 'MANY_FEW',
        tickSize: '1',
        lotSize: '1',
        maxPrice: '1',
        maxQuantity: MAX_LOTS,
      };
      await post('/admin/markets', market, admin);
      await post('/user/deposit', { asset: 'MANY', amount: '10000000000000000' });
      const sell = { market: 'MANY_FEW', side: 'SELL', price: '1' };
      await place({ ...sell, quantity: MAX_LOTS });
      return place({ ...sell, quantity: '1' });
    },
  ],

  RATE_LIMITED: [() => untilLimited(() => remove('/order?orderId=1'))],

  SERVER_BUSY: [
    async () => {
      await stack.redis.set(stack.keys.draining, '1');
      await place({});
      const answer = await place({});
      await stack.redis.del(stack.keys.draining);
      await get('/user');
      return answer;
    },
  ],
  EXPIRED_IN_QUEUE: [async () => (await whileEngineStands()).find(isRefusal('EXPIRED_IN_QUEUE'))!],
  UNKNOWN_OUTCOME: [async () => (await whileEngineStands()).find(isRefusal('UNKNOWN_OUTCOME'))!],
  HISTORY_UNAVAILABLE: [
    async () => {
      const blocker = await stack.pool.connect();
      await blocker.query('BEGIN; LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE');
      const answer = await get('/user/ledger');
      await blocker.query('ROLLBACK');
      blocker.release();
      return answer;
    },
  ],
  INTERNAL_ERROR: [
    async () => {
      await stack.settled();
      await stack.pool.query('ALTER TABLE trades RENAME TO trades_elsewhere');
      const answer = await get('/user/trades');
      await stack.pool.query('ALTER TABLE trades_elsewhere RENAME TO trades');
      return answer;
    },
  ],
};

for (const [code, [provoke, field]] of Object.entries(TABLE)) {
  t.test(code, async t => {
    const answer = await provoke();
    const expected = `${ERROR_STATUS[code as ErrorCode]} ${code}${field === undefined ? '' : ` ${field}`}`;
    t.equal(outcome(answer), expected);
    t.match(answer.headers['x-request-id'], /^[\w.:-]{1,64}$/, 'with an id');
    const after = answer.headers['retry-after'];
    if (code === 'RATE_LIMITED') t.match(after, /^[1-9]\d*$/, 'and when to come again');
    else t.equal(after, undefined);
  });
}

t.test(
  'the codes of the interface are these',
  { skip: !existsSync(API_PAGE) && 'its page is not here' },
  async t => {
    const page = readFileSync(API_PAGE, 'utf8');
    const section = page.slice(page.indexOf('## Errors'), page.indexOf('## Authentication'));
    const rows = section.split('\n').filter(line => /^\| \d/.test(line));
    const codes = rows.flatMap(row => row.match(/`[A-Z_]{3,}`/g) ?? []).map(code => code.slice(1, -1));
    const ours = Object.keys(TABLE).filter(code => code !== 'INTERNAL_ERROR');
    t.same([...codes].sort(), ours.sort());
  },
);

t.test('a rate can be kept up, and a burst comes on top of it', async t => {
  const limit = new RateLimit({ perSecond: 10, burst: 3 });
  const taken = (who: string, now: number) => limit.take(who, now) === 0;
  t.same(
    [0, 0, 0, 0].map(now => taken('a', now)),
    [true, true, true, false],
  );
  t.equal(limit.take('a', 40), 60, 'and says how long to wait');
  t.ok(taken('b', 40), 'everybody has his own');
  t.same(
    [100, 150, 200].map(now => taken('a', now)),
    [true, false, true],
    'who keeps to it is let in',
  );
  t.same(
    [900, 900, 900, 900].map(now => taken('a', now)),
    [true, true, true, false],
    'a burst again',
  );
  for (let who = 0; who < 20_000; who++) limit.take(who, 900);
  t.ok(taken('a', 900), 'who was forgotten begins again');
});

t.test('a limit of an address is one for each kind of request, and for nothing else', async t => {
  await untilLimited(() => post('/user/login', {}));
  t.equal(outcome(await post('/user/login', {})), '429 RATE_LIMITED');
  t.equal(outcome(await post('/user/new', {})), '400 MISSING_FIELD email', 'signing up is another kind');
  t.equal((await get('/user')).status, 200);
});

t.test('an address counts by itself, one of IPv6 with its network', async t => {
  const whoIs = (address: string, forwarded = '', behindProxy = false) => {
    const response = { getRemoteAddress: () => Uint8Array.from(Buffer.from(address, 'hex')).buffer };
    const request = { getHeader: () => forwarded };
    return clientAddress(response as unknown as HttpResponse, request as unknown as HttpRequest, behindProxy);
  };
  const v6 = (network: string, host: string) =>
    whoIs(`2001${network.padStart(12, '0')}${host.padStart(16, '0')}`);
  t.not(whoIs('7f000001'), whoIs('7f000002'));
  t.equal(v6('1', '1'), v6('1', 'ffff'), 'of one network');
  t.not(v6('1', '1'), v6('2', '1'));
  const mapped = (address: string) => whoIs(`00000000000000000000ffff${address}`);
  t.not(mapped('7f000001'), mapped('7f000002'), 'IPv4 written as IPv6');
  t.equal(whoIs('7f000001', '1.2.3.4'), whoIs('7f000001'), 'what a client says of itself does not count');
  t.equal(whoIs('7f000001', '1.2.3.4, 5.6.7.8', true), '5.6.7.8', 'what the proxy says does');
});

t.test('only so many passwords are hashed at a time, and only so many wait', async t => {
  const rows = [{ user_id: 1001, password_hash: '', email: 'a@b', role: 'USER', created_at: 0 }];
  const accounts = new Accounts({ query: async () => rows } as unknown as Database);
  const attempts = Array.from({ length: 1003 }, () => accounts.logIn('a@b', '').catch(error => error.code));
  t.same((await Promise.all(attempts.slice(-1)))[0], 'SERVER_BUSY');
});

/** Repeats a request until it is refused for coming too often. */
async function untilLimited(send: () => Promise<Answer>): Promise<Answer> {
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(Array.from({ length: 20 }, send));
    const limited = answers.find(isRefusal('RATE_LIMITED'));
    if (limited !== undefined) return limited;
  }
  throw new Error('it is never refused');
}

/**
 * Sends cancels while the engine stands still, some of them too early for an answer in time, and lets it go on when the
 * first gets none: then those after it are past their deadlines, and still waited for.
 */
async function whileEngineStands(): Promise<Answer[]> {
  process.kill(stack.pid('engine'), 'SIGSTOP');
  const answers: Promise<Answer>[] = [];
  for (let sent = 0; sent < 10; sent++) {
    answers.push(remove('/order?market=BTC_USDT&clientOrderId=never'));
    await sleep(45);
  }
  await answers[0];
  process.kill(stack.pid('engine'), 'SIGCONT');
  return Promise.all(answers);
}

function isRefusal(code: ErrorCode): (answer: Answer) => boolean {
  return ({ body }) => body?.error?.code === code;
}
