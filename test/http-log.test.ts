/** Request ids and the access log: what can be found by them, and what must never be in a log. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { WebSocket } from 'ws';
import { AccessLog, type Served } from '../api/http/access-log.js';
import type { Logger } from '../shared/io/log.js';
import { apiCalls } from './api-calls.js';
import { type Body, startStack } from './stack.js';
import { WsClient } from './ws-client.js';

const SECRETS = {
  password: 'an-unheard-of-password',
  wrongPassword: 'a-wrong-unheard-of-password',
  email: 'nobody.in.particular@example.com',
  path: 'a-secret-in-a-path',
  query: 'a-secret-in-a-query',
  field: 'a-secret-in-a-field',
  header: 'a-secret-in-a-header',
  jwt: 'the jwt secret of this exchange, long enough',
};
const LIMIT = { market: 'BTC_USDT', side: 'BUY', type: 'LIMIT', price: '100', quantity: '1' };

const stack = await startStack(t, { env: { LOG_LEVEL: 'debug', JWT_SECRET: SECRETS.jwt } });
const user = await stack.trader({ USDT: '1000' });
const { get, post, remove } = apiCalls(stack, user);

/** The lines of a program so far, of one message. */
const lines = (name: string, msg: string): Body[] =>
  stack.log
    .filter(line => line.startsWith(`${name}: {`))
    .map(line => JSON.parse(line.slice(name.length + 2)))
    .filter(line => line.msg === msg);

async function lineOf(requestId: string): Promise<Body> {
  const find = () => lines('api', 'request').find(line => line.requestId === requestId);
  await stack.until(`the line of ${requestId}`, async () => find() !== undefined);
  return find();
}

t.test('a request can be followed by its id to the engine and to its order', async t => {
  const named = { 'x-request-id': 'trace-1.a:b_c' };
  const options = { token: user.token, body: LIMIT, headers: named };
  const { headers, body: order } = await stack.request('POST', '/api/v1/order', options);
  t.equal(headers['x-request-id'], named['x-request-id']);

  const line = await lineOf(named['x-request-id']);
  const { method, path, status, account, entries } = line;
  t.same(
    { method, path, status, account },
    { method: 'POST', path: '/api/v1/order', status: 201, account: Number(user.userId) },
  );
  t.match(entries, [{ id: Number, sequence: Number(order.orderId) }], 'an order’s id is the sequence');

  const [{ sequence }] = entries;
  const isIn = ({ first, last }: Body) => first <= sequence && sequence <= last;
  await stack.until('the batch', async () => lines('engine', 'committed').some(isIn));
  t.match(lines('engine', 'committed').find(isIn), { head: /^1:\d+$/, taken: Number });
  const [[, fields]] = (await stack.redis.xrevrange(stack.keys.journal, '+', '-', 'COUNT', 1)) as [
    [string, string[]],
  ];
  const commands = fields[fields.indexOf('commands') + 1]!;
  t.ok(
    commands.includes(`"PLACE_ORDER",${entries[0].id},"${line.replyTo}"`),
    'and the journal has its entry',
  );
});

t.test('what the engine refuses is found in the same way, and what it was not asked', async t => {
  const refused = await post('/order', { ...LIMIT, quantity: '1000' });
  const { entries, code } = await lineOf(String(refused.headers['x-request-id']));
  t.equal(code, 'INSUFFICIENT_BALANCE');
  t.ok(entries[0].sequence > 0);
  const wrong = await post('/order', { ...LIMIT, quantity: '-1' });
  t.match(await lineOf(String(wrong.headers['x-request-id'])), { code: 'BAD_FIELD', entries: [] });
  const query = { token: user.token, headers: { 'x-request-id': 'a-query' } };
  await stack.request('GET', '/api/v1/user', query);
  t.match(await lineOf('a-query'), { entries: [{ id: Number, sequence: null }] }, 'a query has no sequence');
});

t.test('what a client did not wait for is found, too', async t => {
  process.kill(stack.pid('engine'), 'SIGSTOP');
  const body = JSON.stringify({ ...LIMIT, price: '99' });
  const headers = {
    authorization: `Bearer ${user.token}`,
    'content-type': 'application/json',
    'x-request-id': 'gone',
  };
  const request = httpRequest(`${stack.url}/api/v1/order`, { method: 'POST', agent: false, headers });
  request.on('error', () => {}).end(body);
  await stack.until('the order to be queued', async () => (await stack.redis.llen(stack.keys.commands)) > 0);
  request.destroy();
  await sleep(100);
  process.kill(stack.pid('engine'), 'SIGCONT');
  const { status, isGone, entries } = await lineOf('gone');
  t.match({ status, isGone }, { status: 201, isGone: true });
  const [open] = (await get('/order/open')).body.filter(({ price }: Body) => price === '99.00');
  t.equal(Number(open.orderId), entries[0].sequence, 'and so is the order that it placed');
});

t.test('every answer has an id: the client’s if it is of the form, else one of ours', async t => {
  const idOf = async (id: string, method = 'GET', path = '/api/v1/time') =>
    String((await stack.request(method, path, { headers: { 'x-request-id': id } })).headers['x-request-id']);
  t.equal(await idOf('x'.repeat(64)), 'x'.repeat(64));
  const ours: string[] = [];
  for (const id of ['', ' ', 'x'.repeat(65), 'a b', 'a"b', '{}', 'é']) ours.push(await idOf(id));
  ours.push(await idOf('?', 'GET', '/nothing'), await idOf('?', 'PUT', '/api/v1/time'));
  ours.push(await idOf('?', 'HEAD', '/api/v1/time'), await idOf('?', 'POST', '/api/v1/order'));
  for (const id of ours) t.match(id, /^[\w-]{8}-[\da-z]+$/);
  t.equal(new Set(ours).size, ours.length, 'each another');
});

t.test('a WebSocket is found by the id of the request that it began with', async t => {
  const socket = new WebSocket(stack.wsUrl, { headers: { 'x-request-id': 'a-socket' } });
  t.teardown(() => socket.terminate());
  await once(socket, 'open');
  t.match(await lineOf('a-socket'), { method: 'GET', path: '/api/v1/ws', status: 101, entries: [] });
  const elsewhere = new WebSocket(`${stack.wsUrl}x`, { headers: { 'x-request-id': 'elsewhere' } });
  await once(elsewhere, 'error');
  t.match(await lineOf('elsewhere'), { method: 'GET', status: 404, code: 'UNKNOWN_ROUTE' });
});

t.test('the log says what was refused or slow or asked for, and one in a hundred others', async t => {
  const written: unknown[] = [];
  const log = new AccessLog({ info: (line: unknown) => written.push(line) } as unknown as Logger);
  const ordinary: Served = {
    requestId: 'a',
    isNamedByClient: false,
    isGone: false,
    method: 'GET',
    path: '/',
    account: undefined,
    entries: [],
    status: 200,
    code: undefined,
    ms: 1,
  };
  const linesOf = (served: Partial<Served>, count: number, now: number) => {
    const before = written.length;
    for (let sent = 0; sent < count; sent++) log.note({ ...ordinary, ...served }, now);
    return written.length - before;
  };
  t.equal(linesOf({}, 1000, 0), 10);
  t.equal(linesOf({ status: 404 }, 100, 1000), 100);
  t.equal(linesOf({ ms: 500 }, 100, 2000), 100);
  t.equal(linesOf({ isNamedByClient: true }, 100, 3000), 100);
  t.equal(linesOf({ isGone: true }, 100, 3500), 100);
  t.equal(linesOf({ status: 503 }, 5000, 4000), 1000, 'a second has its limit');
  t.equal(linesOf({ status: 503 }, 1, 5000), 2);
  t.same(written.at(-2), { left: 4000 }, 'and what was left out is counted');
});

t.test('no secret is in a log', async t => {
  const { email, password } = SECRETS;
  const { body: session } = await post('/user/new', { email, password });
  const again = await post('/user/login', { email: email.toUpperCase(), password });
  t.equal(again.status, 200);
  await post('/user/login', { email, password: SECRETS.wrongPassword });
  await post('/user/new', { email, password });
  await post('/user/new', { email: `${email}@`, password });
  await stack.request('POST', '/api/v1/user/login', { raw: `{"email":"${email}","password":"${password}` });
  await get(`/${SECRETS.path}`);
  await get(`/user/order?cursor=${SECRETS.query}`);
  await get(`/time?${SECRETS.query}=1`);
  await remove(`/order?market=BTC_USDT&clientOrderId=${SECRETS.query}`, session.token);
  await post('/order', { ...LIMIT, clientOrderId: SECRETS.field, [SECRETS.field]: SECRETS.field });
  await stack.request('PATCH', `/api/v1/admin/markets/${SECRETS.path}`, { token: session.token, body: {} });
  await get('/user', SECRETS.header);
  await stack.request('GET', '/api/v1/user', { headers: { authorization: `Basic ${SECRETS.header}` } });
  await stack.request('GET', '/api/v1/time', { headers: { 'x-request-id': `"${SECRETS.header}"` } });
  const socket = await WsClient.connect(stack.wsUrl, t);
  await socket.ask('AUTH', [session.token]);
  await socket.ask('SUBSCRIBE', [SECRETS.field]);
  await post('/order', LIMIT, session.token);

  const last = await stack.request('GET', '/api/v1/time', { headers: { 'x-request-id': 'the-last' } });
  t.equal(last.status, 200);
  await lineOf('the-last');
  await sleep(100);
  t.ok(lines('api', 'request').length > 10 && lines('engine', 'committed').length > 0, 'much was logged');
  const secrets = { ...SECRETS, token: session.token, signature: session.token.split('.')[2] };
  for (const [what, secret] of Object.entries(secrets)) {
    const said = stack.log.filter(line => line.toLowerCase().includes(String(secret).toLowerCase()));
    t.same(said, [], what);
  }
});
