/**
 * An account's own stream: whoever folds it from the beginning knows its balances and open orders, through restarts and
 * fail-overs, and can prove that nothing is missing. Beside it the streams of a market, through the same fail-over.
 */
import assert from 'node:assert/strict';
import t, { type Test } from 'tap';
import type { Services } from '../api/http/services.js';
import { ownEvents } from '../api/http/users.js';
import { OrderBook } from '../scripts/client/order-book.js';
import { Random } from '../scripts/random.js';
import { decodeReport, mapReports } from '../shared/domain/reports.js';
import { apiCalls } from './api-calls.js';
import { ascii } from './ascii.js';
import { type Body, type Stack, startStack, type TestUser } from './stack.js';
import { eventually, WsClient } from './ws-client.js';

const V1 = '/api/v1';

async function eventsOf(stack: Stack, { token }: TestUser, since = 0): Promise<Body[]> {
  const path = `${V1}/user/events?since=${since}&limit=1000`;
  return (await stack.request('GET', path, { token })).body;
}

async function reader(t: Test, stack: Stack, { token }: TestUser): Promise<WsClient> {
  const client = await WsClient.connect(stack.wsUrl, t);
  assert.equal((await client.ask('AUTH', [token])).result, null);
  assert.equal((await client.ask('SUBSCRIBE', ['user'])).result, null);
  return client;
}

/** What somebody knows who has only read the events. */
function folded(events: readonly Body[]) {
  const balances: Record<string, [string, string]> = {};
  const open = new Map<string, Body>();
  for (const [index, event] of events.entries()) {
    assert.equal(event.seq, index + 1);
    if (event.e === 'balanceUpdate') balances[event.a] = [event.f, event.l];
    else if (['NEW', 'PARTIALLY_FILLED'].includes(event.X)) open.set(event.i, event);
    else open.delete(event.i);
  }
  return { balances, open };
}

async function assertKnows(t: Test, stack: Stack, user: TestUser, events: readonly Body[]): Promise<void> {
  const { balances, open } = folded(events);
  const own = await stack.balances(user);
  for (const [asset, amounts] of Object.entries(own))
    t.same(balances[asset] ?? ['0.00000000', '0.00000000'], amounts, asset);
  const orders: Body[] = (await stack.request('GET', `${V1}/order/open`, { token: user.token })).body;
  t.same(
    orders.map(({ orderId, clientOrderId, price, filledQuantity, filledQuote, status }) => ({
      orderId,
      clientOrderId,
      price,
      filledQuantity,
      filledQuote,
      status,
    })),
    [...open.values()].map(({ i, c, p, z, Z, X }) => ({
      orderId: i,
      clientOrderId: c,
      price: p,
      filledQuantity: z,
      filledQuote: Z,
      status: X,
    })),
  );
}

const TRADE = 'btc_usdt@trade';
const DEPTH = 'btc_usdt@depth';
const BOOK_TICKER = 'btc_usdt@bookTicker';
const KLINE = 'btc_usdt@kline_1s';

/** The streams of a market from the first trade on: each trade once, the exchange's book, candles without a gap. */
async function assertKnowsMarket(t: Test, stack: Stack, client: WsClient): Promise<void> {
  const get = async (path: string): Promise<Body> => (await stack.request('GET', `${V1}${path}`)).body;
  const [newest] = await get('/trades?market=BTC_USDT&limit=1');
  const { lastUpdateId, bids, asks } = await get('/depth?market=BTC_USDT');
  await eventually(() => client.data(TRADE).at(-1)?.t === newest.tradeId);
  await eventually(() => client.data(DEPTH).at(-1)?.u === lastUpdateId);
  t.same(
    client.data(TRADE).map(({ t }) => Number(t)),
    Array.from({ length: Number(newest.tradeId) }, (_, index) => index + 1),
  );
  const book = new OrderBook();
  for (const data of client.data(DEPTH)) assert.equal(book.apply(data as Body), 'APPLIED');
  t.same([new Map(bids), new Map(asks)], [book.bids, book.asks]);
  const [[b, B] = [null, null]] = bids;
  const [[a, A] = [null, null]] = asks;
  t.match(client.data(BOOK_TICKER).at(-1), { b, B, a, A });
  const closed = () => client.data(KLINE).flatMap(({ k }) => (k!.x ? [k!] : []));
  const trades = () => closed().reduce((sum, { n }) => sum + n, 0);
  await eventually(() => trades() === Number(newest.tradeId));
  for (const [index, { t: open }] of closed().slice(1).entries()) t.equal(open, closed()[index]!.T + 1);
}

t.test('what is told of an order, in which order', async t => {
  const stack = await startStack(t, { env: { SIGNUP_BALANCE: '' } });
  const maker = await stack.trader({ ADA: '10' });
  const taker = await stack.trader({ USDT: '100' });
  const admin = await stack.admin();
  await stack.request('PATCH', `${V1}/admin/markets/ADA_USDT`, { token: admin, body: { takerFee: '0.01' } });
  const client = await reader(t, stack, taker);
  const rest = {
    market: 'ADA_USDT',
    side: 'SELL',
    type: 'LIMIT',
    price: '2',
    quantity: '1',
    clientOrderId: 'rests',
  };
  const take = { ...rest, side: 'BUY', quantity: '3', clientOrderId: 'takes' };
  await apiCalls(stack, maker).post('/order', rest);
  await apiCalls(stack, taker).post('/order', take);
  await apiCalls(stack, taker).remove('/order?market=ADA_USDT&clientOrderId=takes');
  await eventually(() => client.data('user').length === 8);
  const told = client.data('user') as unknown as Body[];
  const order = { s: 'ADA_USDT', c: 'takes', S: 'BUY', o: 'LIMIT', f: 'GTC', q: '3.0', p: '2.0000' };
  const none = { l: null, L: null, t: null, m: null, n: null, N: null };
  const usdt = { e: 'balanceUpdate', a: 'USDT' };
  t.match(told, [
    { seq: 2, e: 'executionReport', ...order, ...none, x: 'NEW', X: 'NEW', z: '0.0', Z: '0.00000000' },
    { seq: 3, ...usdt, f: '98.00000000', l: '0.00000000', d: '-2.00000000', r: 'TRADE' },
    { seq: 4, e: 'balanceUpdate', a: 'ADA', f: '1.000000', l: '0.000000', d: '1.000000', r: 'TRADE' },
    { seq: 5, e: 'balanceUpdate', a: 'ADA', f: '0.990000', l: '0.000000', d: '-0.010000', r: 'FEE' },
    {
      ...{
        seq: 6,
        e: 'executionReport',
        ...order,
        x: 'TRADE',
        X: 'PARTIALLY_FILLED',
        z: '1.0',
        Z: '2.00000000',
      },
      ...{ l: '1.0', L: '2.0000', t: '1', m: false, n: '0.010000', N: 'ADA' },
    },
    { seq: 7, ...usdt, f: '94.00000000', l: '4.00000000', d: '-4.00000000', r: 'ORDER' },
    { seq: 8, ...usdt, f: '98.00000000', l: '0.00000000', d: '4.00000000', r: 'ORDER' },
    { seq: 9, e: 'executionReport', ...order, ...none, x: 'CANCELED', X: 'CANCELED', z: '1.0' },
  ]);
  t.same(await eventsOf(stack, taker, 1), told, 'the same when asked for');
  t.match((await eventsOf(stack, maker)).at(-1), {
    x: 'TRADE',
    X: 'FILLED',
    m: true,
    n: '0.00000000',
    N: 'USDT',
  });
  t.same(await eventsOf(stack, taker, 9), []);
  for (const event of told) t.equal(event.E, event.T ?? event.E);

  const other = await client.ask('AUTH', [maker.token]);
  t.match(other, { error: { code: 'FORBIDDEN' } }, "a connection is one account's");
  await client.ask('UNSUBSCRIBE', ['user']);
  await apiCalls(stack, taker).post('/user/deposit', { asset: 'USDT', amount: '1' });
  await eventually(async () => (await eventsOf(stack, taker, 9)).length === 1);
  t.equal(client.data('user').length, told.length, 'who has unsubscribed hears nothing');
});

t.test('whoever reads it knows the account, through a fail-over and a restart of the api', async t => {
  const stack = await startStack(t, { env: { SIGNUP_BALANCE: '100000 USDT,100 BTC' } });
  const [user, other] = [await stack.register(), await stack.register()];
  const random = new Random(7);
  let client = await reader(t, stack, user);
  await client.ask('SUBSCRIBE', [TRADE, DEPTH, BOOK_TICKER, KLINE]);
  let events: Body[] = await eventsOf(stack, user);
  const trade = async (orders: number) => {
    for (let i = 0; i < orders; i++) {
      const { post, remove } = apiCalls(stack, random.below(2) === 0 ? user : other);
      const side = random.of(['BUY', 'SELL']);
      const price = String(100 + random.below(5));
      const kind = random.below(10);
      if (kind === 0) await remove('/order/open');
      else if (kind === 1)
        await post('/order', { market: 'BTC_USDT', side, type: 'MARKET', quoteQuantity: '3' });
      else await post('/order', { market: 'BTC_USDT', side, type: 'LIMIT', price, quantity: '0.01' });
    }
  };
  /** As a client does that was away: what it has, then what it missed. */
  const catchUp = async () => {
    const missed = await eventsOf(stack, user, events.at(-1)?.seq ?? 0);
    events = [...events, ...missed];
  };
  await trade(60);
  await catchUp();
  await eventually(() => (client.data('user') as unknown as Body[]).at(-1)?.seq === events.at(-1).seq);
  await assertKnows(t, stack, user, events);

  await stack.kill('engine');
  stack.start('engine');
  await stack.ready();
  await trade(30);
  await eventually(async () => {
    await catchUp();
    return (client.data('user') as unknown as Body[]).at(-1)?.seq === events.at(-1).seq;
  });
  const told = client.data('user') as unknown as Body[];
  t.same(told, events.slice(-told.length), 'the stream went on over the fail-over, with no gap');
  await assertKnows(t, stack, user, events);
  await assertKnowsMarket(t, stack, client);

  await stack.kill('api');
  stack.start('api');
  await stack.ready();
  client = await reader(t, stack, user);
  await trade(20);
  await catchUp();
  await assertKnows(t, stack, user, events);
  t.same(await eventsOf(stack, user), events, 'an api that starts reads what was kept');

  await stack.settled();
  await stack.redis.xtrim(stack.keys.reports, 'MAXLEN', 0);
  await stack.kill('api');
  stack.start('api');
  await stack.ready();
  t.same(await eventsOf(stack, user), { resync: true }, 'what is no longer kept');
  t.same(await eventsOf(stack, user, events.at(-1).seq), []);
  await trade(10);
  await eventually(async () => (await eventsOf(stack, user, events.at(-1).seq)).length > 0);
  await catchUp();
  await assertKnows(t, stack, user, events);
});

t.test('what is answered to who has them up to some number, where this api knows less or more', async t => {
  /** What is held, what the account's number is really, and what comes while that is being asked. */
  type Known = { held: number[]; last: number; comes?: number; isCurrent?: boolean };
  const ask = async ({ held, last, comes, isCurrent = true }: Known, since: number) => {
    const batch = ascii('["balance",5,"BTC","1","0","1","DEPOSIT"]');
    const reportOf = (seq: number) => ({ seq, batch, from: 0, end: batch.length });
    const known = held.map(reportOf);
    const sequences: number[] = [];
    const services = {
      reports: { isCurrent, held: () => known.slice() },
      engine: { ask: async () => ({ kind: 'NOT_HELD', sequence: 77 }) },
      watermark: { reached: async (sequence: number) => sequences.push(sequence) },
      history: {
        lastSeq: async () => {
          t.same(sequences, [77], 'Postgres is asked when it has everything');
          if (comes !== undefined) known.push(reportOf(comes));
          return last;
        },
      },
      catalog: { asset: () => ({ decimals: 8 }) },
    } as unknown as Services;
    const caller = { userId: 1001, email: '', role: 'USER' } as const;
    const answer = await ownEvents(services, { since, limit: 100 }, caller).catch(error => error.code);
    return Array.isArray(answer) ? answer.map(({ seq }) => seq) : answer;
  };
  const resync = { resync: true };
  const table: [what: string, known: Known, since: number, answer: unknown][] = [
    ['some of what is held', { held: [4, 5, 6], last: 6 }, 4, [5, 6]],
    ['all of it', { held: [4, 5, 6], last: 6 }, 3, [4, 5, 6]],
    ['more than is held', { held: [4, 5, 6], last: 6 }, 2, resync],
    ['exactly at the end', { held: [4, 5, 6], last: 6 }, 6, []],
    ['ahead of an api that lags', { held: [4, 5, 6], last: 8 }, 7, []],
    ['exactly at the true end, which the api has not heard of', { held: [4, 5, 6], last: 8 }, 8, []],
    ['ahead, and meanwhile it was heard', { held: [6], last: 8, comes: 7 }, 7, []],
    ['further than it ever came: a restore', { held: [4, 5, 6], last: 6 }, 7, resync],
    ['nothing is held', { held: [], last: 6 }, 5, resync],
    ['nothing is held, and nothing is missing', { held: [], last: 6 }, 6, []],
    ['nothing is held, and further', { held: [], last: 6 }, 7, resync],
    ['nothing ever was', { held: [], last: 0 }, 0, []],
    ['the first after long comes meanwhile', { held: [], last: 7, comes: 7 }, 6, [7]],
    ['the connection is lost, so who knows', { held: [], last: 7, isCurrent: false }, 6, 'SERVER_BUSY'],
    ['the connection is lost, and nothing is missing', { held: [], last: 7, isCurrent: false }, 7, []],
  ];
  for (const [what, known, since, answer] of table) t.same(await ask(known, since), answer, what);
});

t.test('a report that cannot be read is none', async t => {
  const text = '["balance",5,"BTC","1","0","1","DEPOSIT"]';
  const partsOf = (text: string) => {
    const batch = ascii(text);
    return mapReports(batch, (account, seq, from, end) => [
      account,
      seq,
      batch.toString('latin1', from, end),
    ]);
  };
  t.same(partsOf(`1001 7 ${text}\n1002 1 x`), [
    [1001, 7, text],
    [1002, 1, 'x'],
  ]);
  t.equal(partsOf('1001 7 x\nrubbish').length, 2, 'what is none ends too');
  const decoded = (text: string) =>
    decodeReport({ account: 1001, seq: 1, batch: ascii(text), from: 0, end: text.length });
  t.match(decoded(text), { kind: 'balance', body: { asset: 'BTC', change: 1n } });
  for (const wrong of [
    '',
    '[]',
    '["order"]',
    text.replace('balance', 'order'),
    text.replace('DEPOSIT', 'GIFT'),
    `${text}x`,
  ])
    t.throws(() => decoded(wrong), wrong);
});
