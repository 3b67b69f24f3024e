/** The client against a running exchange: lost connections, gaps, answers that never came; and the example program. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type WebSocket, WebSocketServer } from 'ws';
import { Client, RefusedError } from '../scripts/client/client.js';
import { OrderBook } from '../scripts/client/order-book.js';
import { allPages } from '../scripts/client/pages.js';
import { placeOrder } from '../scripts/client/place-order.js';
import { Streams } from '../scripts/client/streams.js';
import { type Body, startStack } from './stack.js';
import { eventually } from './ws-client.js';

const MARKET = 'BTC_USDT';
const stack = await startStack(t);
const trader = await stack.trader({ BTC: '10', USDT: '100000' });
const client = new Client(stack.url, trader.token);
t.teardown(() => client.close());

const limit = { market: MARKET, type: 'LIMIT', side: 'BUY', quantity: '0.1' } as const;

t.test('a refusal has its code and its field', async t => {
  const refused = client.call('placeOrder', { ...limit, price: '0.001' });
  const error: RefusedError = await refused.catch(error => error);
  t.ok(error instanceof RefusedError);
  t.same([error.status, error.code, error.field], [422, 'PRICE_OFF_TICK', 'price']);
});

t.test('who never answers is given up', async t => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asking = new Client(address, undefined, new Agent({ timeout: 50 })).call('getTime', {});
  await t.rejects(asking, { message: 'no answer in time' });
});

t.test('a book comes through gaps and lost connections', async t => {
  const streams = new Streams(stack.url);
  t.teardown(() => streams.close());
  const book = await OrderBook.follow(streams, MARKET);
  await client.call('placeOrder', { ...limit, price: '100' });
  await eventually(() => book.bids.get('100.00') === '0.10000');

  book.apply({ e: 'depthUpdate', E: 0, s: MARKET, U: 1_000_000, u: 1_000_001, b: [], a: [] });
  t.notOk(book.ready, 'with a gap it is not ready');
  t.equal(book.apply({ e: 'depthUpdate', E: 0, s: MARKET, U: 2, u: 2, b: [], a: [] }), 'PASSED_OVER');

  await stack.stop('api');
  await eventually(() => !book.ready);
  stack.start('api');
  await stack.ready();
  await client.call('placeOrder', { ...limit, price: '101' });
  const { lastUpdateId, bids } = await client.call('getDepth', { market: MARKET });
  await eventually(() => book.updateId === lastUpdateId);
  t.same(new Set(book.bids), new Set(bids), 'after a new connection it is the exchange’s');

  let restarted = 0;
  const name = 'btc_usdt@depth' as const;
  await streams.subscribe(name, data => {
    if (data.e === 'depthSnapshot') restarted++;
    book.apply(data);
  });
  streams.restart(name);
  await eventually(() => restarted > 0);
  t.ok(book.ready, 'a restart brings a snapshot');
  await t.rejects(
    streams.subscribe('nope_usdt@trade', () => {}),
    { code: 'UNKNOWN_STREAM' },
  );
  await client.call('cancelAll', {});
});

t.test('a token that is no longer good takes its own stream with it, and no other', async t => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  t.teardown(() => server.close());
  await once(server, 'listening');
  let isGood = true;
  const sockets: WebSocket[] = [];
  server.on('connection', socket => {
    sockets.push(socket);
    socket.on('message', raw => {
      const { id, method, params } = JSON.parse(raw.toString());
      const isRefused = !isGood && (method === 'AUTH' || params.includes('user'));
      const error = { code: 'UNAUTHENTICATED', message: '' };
      socket.send(JSON.stringify(isRefused ? { error, id } : { result: null, id }));
      if (isRefused || !params.includes('btc_usdt@depth')) return;
      const snapshot = { e: 'depthSnapshot', s: MARKET, u: 7, b: [], a: [] };
      socket.send(JSON.stringify({ stream: 'btc_usdt@depth', data: snapshot }));
    });
  });
  const streams = new Streams(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'a token');
  t.teardown(() => streams.close());
  const lost: (string | undefined)[] = [];
  await streams.subscribe(
    'user',
    () => {},
    refusal => lost.push(refusal?.code),
  );
  const book = await OrderBook.follow(streams, MARKET);
  await eventually(() => book.ready);
  isGood = false;
  sockets[0]!.terminate();
  await eventually(() => !book.ready);
  await eventually(() => book.updateId === 7);
  await eventually(() => lost.length === 2);
  t.same(lost, [undefined, 'UNAUTHENTICATED']);
});

t.test(
  'an order whose answer was lost is found by its name; one that never came was never placed',
  async t => {
    const proxy = await answerEater();
    t.teardown(() => proxy.close());
    const behind = new Client(proxy.address, trader.token);
    const placed = await placeOrder(behind, { ...limit, price: '90' });
    t.equal(placed.status, 'NEW');
    t.equal((await client.call('openOrders', {})).length, 1, 'once');
    proxy.forwards = false;
    await t.rejects(placeOrder(behind, { ...limit, price: '91' }), { code: 'EXPIRED_IN_QUEUE' });
    behind.close();
    await client.call('cancelAll', {});
  },
);

t.test('pages follow one another to the end', async t => {
  const small = (place: { cursor?: string }) => client.call('ledgerHistory', { ...place, limit: '1' });
  await stack.settled();
  t.same(
    await allPages(({ cursor }) => small(cursor === undefined ? {} : { cursor })),
    (await client.call('ledgerHistory', {})).items,
  );
});

t.test('the example quotes both sides, follows the price and stops cleanly', async t => {
  const file = fileURLToPath(new URL('../scripts/market-maker.js', import.meta.url));
  const maker = spawn(process.execPath, [file, '--url', stack.url, '--market', MARKET], { stdio: 'pipe' });
  t.teardown(() => maker.kill('SIGKILL'));
  const depth = async (): Promise<Body> => client.call('getDepth', { market: MARKET });
  const quotes = (bid: string, ask: string) => async () => {
    const { bids, asks } = await depth();
    return bids.length === 1 && asks.length === 1 && bids[0][0] === bid && asks[0][0] === ask;
  };
  await eventually(quotes('49950.00', '50050.00'));
  await client.call('placeOrder', { ...limit, quantity: '0.001', price: '50050', timeInForce: 'IOC' });
  await eventually(quotes('49999.95', '50100.05'));
  maker.kill('SIGTERM');
  const [code] = await once(maker, 'exit');
  t.equal(code, 0);
  t.match(await depth(), { bids: [], asks: [] }, 'and leaves no order behind');
});

/** Forwards to the exchange; the answer to an order is lost. Where it does not forward, the order is. */
async function answerEater() {
  const proxy = { address: '', forwards: true, close: () => {} };
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const isOrder = request.method === 'POST';
    if (!isOrder || proxy.forwards) {
      const answer = await fetch(`${stack.url}${request.url}`, {
        method: request.method!,
        headers: { authorization: request.headers.authorization!, 'content-type': 'application/json' },
        ...(isOrder && { body }),
      });
      if (!isOrder) {
        response.writeHead(answer.status).end(await answer.text());
        return;
      }
    }
    response.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy.close = () => server.close();
  return proxy;
}
