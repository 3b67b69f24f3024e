/** What a client may ask on its connection, what it is refused, and how long the connection stays. */
import { App, type TemplatedApp, type WebSocketBehavior } from 'uWebSockets.js';
import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import { mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSigner } from 'fast-jwt';
import t from 'tap';
import { refusal, SOCKET_CODES } from '../api/ws/messages.js';
import { MAX_REQUESTS_PER_SECOND, MAX_STREAMS } from '../api/ws/session.js';
import { upgrader, WEBSOCKET_PATH } from '../api/ws/upgrade.js';
import { marketOf } from './fake-engine.js';
import { OWNER, range, SECRET, TRADE, world } from './gateway-world.js';
import { eventually } from './ws-client.js';

const API_PAGE = resolve(process.cwd(), '../shared/API.md');

function expiredToken(): string {
  const { userId, ...claims } = OWNER;
  return createSigner({ key: SECRET, noTimestamp: true })({ ...claims, sub: String(userId), exp: 1 });
}

/** What the interface's page names as the codes of a wrong request; none where it is not at hand. */
function codesOfThePage(): string[] {
  if (!existsSync(API_PAGE)) return [];
  const page = readFileSync(API_PAGE, 'utf8');
  const [, codes = ''] = /A wrong request gets `[^`]*` \(([^)]*)\)/.exec(page) ?? [];
  return [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code!);
}

t.test('what is wrong is refused, and the connection stays', async t => {
  const { connect, tokens } = await world(t);
  const client = await connect();
  const tokenOf = (userId: number) => tokens.issue({ ...OWNER, userId }).token;
  const deep = `${'['.repeat(8000)}${']'.repeat(8000)}`;
  const table: [frame: object | string | Buffer, code: string, id: unknown][] = [
    ['', 'BAD_JSON', null],
    ['{', 'BAD_JSON', null],
    ['NaN', 'BAD_JSON', null],
    [Buffer.from('{"method":"PING","id":1}'), 'BAD_JSON', null],
    ['null', 'BAD_FIELD', null],
    ['1', 'BAD_FIELD', null],
    ['[]', 'BAD_FIELD', null],
    ['"PING"', 'BAD_FIELD', null],
    [deep, 'BAD_FIELD', null],
    ['{}', 'BAD_FIELD', null],
    [{ id: 1 }, 'BAD_FIELD', 1],
    [{ method: 1, id: 2 }, 'BAD_FIELD', 2],
    [{ method: 'PING', id: {} }, 'BAD_FIELD', null],
    [{ method: 'PING', id: 1.5 }, 'BAD_FIELD', null],
    [{ method: 'PING', id: 'x'.repeat(65) }, 'BAD_FIELD', null],
    [{ method: 'PING', id: 3, more: 1 }, 'BAD_FIELD', 3],
    ['{"method":"PING","id":4,"__proto__":{}}', 'BAD_FIELD', 4],
    [{ method: 'ping', id: 5 }, 'UNKNOWN_METHOD', 5],
    [{ method: 'AUTHENTICATE', params: ['x'], id: 6 }, 'UNKNOWN_METHOD', 6],
    [{ method: 'constructor', id: 'seven' }, 'UNKNOWN_METHOD', 'seven'],
    [{ method: 'SUBSCRIBE', id: 8 }, 'BAD_FIELD', 8],
    [{ method: 'SUBSCRIBE', params: TRADE, id: 9 }, 'BAD_FIELD', 9],
    [{ method: 'SUBSCRIBE', params: [TRADE, 1], id: 10 }, 'BAD_FIELD', 10],
    [{ method: 'UNSUBSCRIBE', params: [null], id: 11 }, 'BAD_FIELD', 11],
    [{ method: 'SUBSCRIBE', params: ['BTC_USDT@trade'], id: 12 }, 'UNKNOWN_STREAM', 12],
    [{ method: 'SUBSCRIBE', params: ['xxx_usdt@trade'], id: 13 }, 'UNKNOWN_STREAM', 13],
    [{ method: 'SUBSCRIBE', params: [TRADE, 'btc_usdt@kline_2m'], id: 14 }, 'UNKNOWN_STREAM', 14],
    [{ method: 'SUBSCRIBE', params: ['user'], id: 15 }, 'UNAUTHENTICATED', 15],
    [{ method: 'AUTH', params: ['no token'], id: 18 }, 'UNAUTHENTICATED', 18],
    [{ method: 'AUTH', params: [], id: 19 }, 'BAD_FIELD', 19],
    [{ method: 'AUTH', params: [expiredToken()], id: 20 }, 'TOKEN_EXPIRED', 20],
    [{ method: 'AUTH', params: [tokenOf(1001), 'more'], id: 21 }, 'BAD_FIELD', 21],
    [{ method: 'SUBSCRIBE', params: ['__proto__@trade'], id: 16 }, 'UNKNOWN_STREAM', 16],
    [{ method: 'UNSUBSCRIBE', params: ['x'.repeat(16_000)], id: 17 }, 'UNKNOWN_STREAM', 17],
    ['x'.repeat(16 * 1024 + 1), 'LIMIT_EXCEEDED', null],
  ];
  for (const [index, [frame, code, id]] of table.entries()) {
    client.send(frame);
    await eventually(() => client.messages.length === index + 1);
    const answer = client.messages[index];
    t.match(answer, { error: { code, message: /.+/ }, id }, JSON.stringify(frame).slice(0, 60));
    t.ok(answer!.error!.message.length < 200);
    t.ok(refusal.safeParse(answer).success, 'as it is published');
  }
  for (const user of [1001, 1002]) client.send({ method: 'AUTH', params: [tokenOf(user)], id: `${user}` });
  await eventually(() => client.messages.at(-1)?.id === '1002');
  t.match(client.messages.at(-2), { result: null, id: '1001' });
  t.match(client.messages.at(-1), { error: { code: 'FORBIDDEN' } });
  const met = new Set([...table.map(([, code]) => code), 'FORBIDDEN']);
  t.same([...met].sort(), [...SOCKET_CODES].sort(), 'these are all');
  for (const code of codesOfThePage()) t.ok(met.has(code), `${code} of the interface’s page`);
  await sleep(1000);
  client.send({ method: 'LIST_SUBSCRIPTIONS', id: 'end' });
  await eventually(() => client.messages.at(-1)?.id === 'end');
  t.same(client.messages.at(-1), { result: [], id: 'end' }, 'nothing was subscribed');
});

t.test('limits are refused, and the connection stays', async t => {
  const { fake, connect, catalog } = await world(t);
  const names = range(1, MAX_STREAMS).map(i => `M${i}_USDT`);
  await fake.publishCatalog(names.map(marketOf));
  await eventually(() => catalog.markets().length === MAX_STREAMS + 1);
  const client = await connect();
  const streams = names.map(name => `${name.toLowerCase()}@trade`);
  t.match(await client.ask('SUBSCRIBE', [...streams, TRADE]), { error: { code: 'LIMIT_EXCEEDED' } });
  t.match(await client.ask('LIST_SUBSCRIPTIONS'), { result: [] }, 'all or nothing');
  t.match(await client.ask('SUBSCRIBE', streams), { result: null });
  t.match(await client.ask('SUBSCRIBE', [TRADE]), { error: { code: 'LIMIT_EXCEEDED' } });
  t.match(await client.ask('SUBSCRIBE', streams), { result: null }, 'the same ones again');

  await sleep(1000 - (performance.now() % 1000));
  const other = await connect();
  for (const id of range(1, MAX_REQUESTS_PER_SECOND + 10)) other.send({ method: 'PING', id });
  await eventually(() => other.messages.length === MAX_REQUESTS_PER_SECOND + 10);
  const refused = other.messages.filter(({ error }) => error?.code === 'LIMIT_EXCEEDED');
  t.same(
    refused.map(({ id }) => id),
    range(MAX_REQUESTS_PER_SECOND + 1, MAX_REQUESTS_PER_SECOND + 10),
  );
  await sleep(1000);
  t.match(await other.ask('PING'), { result: null });
});

/** An app that shows how a WebSocket is to behave. */
function seeing(see: (behavior: WebSocketBehavior<unknown>) => void): TemplatedApp {
  const app = App();
  const ws = app.ws.bind(app) as TemplatedApp['ws'];
  app.ws = (path, behavior) => {
    see(behavior as WebSocketBehavior<unknown>);
    return ws(path, behavior);
  };
  return app;
}

/** What an HTTP request that asks to become a WebSocket gets. */
function askToUpgrade(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url.replace(/^ws/, 'http'), {
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        ...headers,
      },
    });
    request.on('error', reject).on('response', resolve);
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response);
    });
    request.end();
  });
}

t.test('a request that asks to become a WebSocket has an id, and leaves the sockets of HTTP', async t => {
  const { app, entrance, url, connect } = await world(t);
  const named = await askToUpgrade(url, { 'x-request-id': 'mine' });
  t.match(named, { statusCode: 101, headers: { 'x-request-id': 'mine' } });
  const others = [await askToUpgrade(url), await askToUpgrade(url, { 'x-request-id': 'not {one} of ours' })];
  for (const { headers } of others) t.match(headers['x-request-id'], /^[\w-]{8}-\w+$/);
  await connect();
  await eventually(() => entrance.sockets === 0);

  app.ws('/full', { upgrade: upgrader(entrance, () => false) });
  const refused = await askToUpgrade(url.replace(WEBSOCKET_PATH, '/full'), { 'x-request-id': 'full' });
  const { 'content-type': contentType, 'x-request-id': id, connection } = refused.headers;
  t.same([refused.statusCode, contentType, id, connection], [503, 'application/json', 'full', 'close']);
  t.match(JSON.parse(Buffer.concat(await refused.toArray()).toString()), {
    error: { code: 'SERVER_BUSY', message: /.+/ },
  });
  await eventually(() => entrance.sockets === 0);
});

t.test('who is there is asked every twenty seconds, and who says nothing for a minute is closed', async t => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const settings: { idleTimeout?: number | undefined } = {};
  const { connect } = await world(t, {
    app: seeing(behavior => {
      settings.idleTimeout = behavior.idleTimeout;
    }),
  });
  const clients = [await connect(), await connect()];
  mock.timers.tick(19_999);
  await clients[0]!.ask('PING');
  t.same(
    clients.map(({ pings }) => pings),
    [0, 0],
  );
  mock.timers.tick(1);
  await eventually(() => clients.every(({ pings }) => pings === 1));
  mock.timers.tick(40_000);
  await eventually(() => clients.every(({ pings }) => pings === 3));
  t.equal(settings.idleTimeout, 60, 'which is the library’s to keep');
});
