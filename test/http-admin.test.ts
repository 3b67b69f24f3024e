/** What an administrator does over HTTP, and the health of the exchange. */
import t from 'tap';
import { encodeRequest } from '../shared/domain/codec.js';
import { apiCalls, outcome } from './api-calls.js';
import { type Body, startStack } from './stack.js';
import { WsClient } from './ws-client.js';

const stack = await startStack(t, { env: { SIGNUP_BALANCE: '10000 USDT, 1 BTC' } });
const user = await stack.register();
const other = await stack.register();
const admin = await stack.admin();
const { get, post, refusals, remove } = apiCalls(stack, user);

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

t.test('each limit of a market can be changed, and counts from the next order on', async t => {
  const market = 'ETH_USDT';
  const patch = (body: unknown) =>
    stack.request('PATCH', `/api/v1/admin/markets/${market}`, { token: admin, body });
  const trader = await stack.trader({ USDT: '100000', ETH: '100' });
  const order = { market, side: 'BUY', type: 'LIMIT', price: '1000', quantity: '1' };
  const place = (change: object) => post('/order', { ...order, ...change }, trader.token);
  const { body: open } = await place({});
  const { body: before } = await get('/markets');
  const limits: readonly [change: object, order: object, refusal: string][] = [
    [{ minQuantity: '2' }, {}, '422 QUANTITY_OUT_OF_RANGE quantity'],
    [{ minQuantity: '0.0001', maxQuantity: '0.5' }, {}, '422 QUANTITY_OUT_OF_RANGE quantity'],
    [{ maxQuantity: '1000', minPrice: '1001' }, {}, '422 PRICE_OUT_OF_RANGE price'],
    [{ minPrice: '0.01', maxPrice: '999' }, {}, '422 PRICE_OUT_OF_RANGE price'],
    [{ maxPrice: '1000000', minNotional: '1001' }, {}, '422 MIN_NOTIONAL quantity'],
    [{ minNotional: '1', maxOpenOrders: 1 }, {}, '422 TOO_MANY_ORDERS'],
    [{ maxOpenOrders: 1000, status: 'HALT' }, {}, '422 MARKET_NOT_TRADING market'],
  ];
  for (const [change, wish, refusal] of limits) {
    t.equal((await patch(change)).status, 200, JSON.stringify(change));
    t.equal(outcome(await place(wish)), refusal);
  }
  t.match((await get('/order/open', trader.token)).body, [{ orderId: open.orderId, status: 'NEW' }]);
  t.equal((await patch({ status: 'TRADING', takerFee: '0.5', makerFee: '0.25' })).status, 200);
  const { body: sold } = await place({ side: 'SELL', timeInForce: 'IOC', selfTradePrevention: 'NONE' });
  t.match(sold.fills, [{ fee: '500.00000000', feeAsset: 'USDT' }], 'also against an order from before');
  const { body: filled } = await get(`/order?orderId=${open.orderId}`, trader.token);
  t.match(filled.fills, [{ fee: '0.25000000', feeAsset: 'ETH' }]);
  const unchanged = before.find((known: Body) => known.market === market);
  const { status, makerFee, takerFee, ...bounds } = unchanged;
  t.equal((await patch({ ...limitsOf(bounds), status, makerFee, takerFee })).status, 200);
  t.same((await get('/markets')).body, before, 'and changed back');
});

t.test('a market’s status, its open orders, and those who read it', async t => {
  await post('/admin/assets', { asset: 'TIN', decimals: 3 }, admin);
  await post('/admin/markets', { market: 'TIN_USDT', tickSize: '0.05', lotSize: '0.01' }, admin);
  const seller = await stack.trader({ TIN: '10' });
  const reader = await WsClient.connect(stack.wsUrl, t);
  await reader.ask('SUBSCRIBE', ['tin_usdt@depth', 'tin_usdt@trade']);
  const status = (status: string) =>
    stack.request('PATCH', '/api/v1/admin/markets/TIN_USDT', { token: admin, body: { status } });
  const order = { market: 'TIN_USDT', side: 'BUY', type: 'LIMIT', price: '10', quantity: '1' };
  const { body: bid } = await post('/order', order);
  const { body: ask } = await post('/order', { ...order, side: 'SELL', price: '20' }, seller.token);
  await post('/order', { ...order, side: 'SELL', quantity: '0.4' }, seller.token);

  for (const paused of ['CANCEL_ONLY', 'HALT']) {
    t.equal((await status(paused)).body.status, paused);
    t.equal(outcome(await post('/order', order)), '422 MARKET_NOT_TRADING market');
    t.match((await get('/order/open?market=TIN_USDT')).body, [
      { orderId: bid.orderId, filledQuantity: '0.40' },
    ]);
    t.match((await get('/depth?market=TIN_USDT')).body, {
      bids: [['10.00', '0.60']],
      asks: [['20.00', '1.00']],
    });
  }
  t.equal((await status('TRADING')).status, 200);
  const { body: later } = await post('/order', { ...order, price: '5' });
  await status('HALT');
  t.equal((await remove(`/order?orderId=${later.orderId}`)).body.status, 'CANCELED', 'a cancel works');

  const { available } = (await get('/user')).body.balances.find(({ asset }: Body) => asset === 'USDT');
  t.equal((await status('DELISTED')).body.status, 'DELISTED');
  const known = await get('/user');
  t.match(
    known.body.balances.find(({ asset }: Body) => asset === 'USDT'),
    { locked: '0.00000000' },
  );
  t.not(known.body.balances.find(({ asset }: Body) => asset === 'USDT').available, available, 'unlocked');
  t.equal(outcome(await status('TRADING')), '422 MARKET_NOT_TRADING market', 'for ever');
  t.equal(outcome(await post('/order', order)), '422 MARKET_NOT_TRADING market');
  t.equal(outcome(await remove(`/order?orderId=${bid.orderId}`)), '404 UNKNOWN_ORDER');
  t.same((await remove('/order/open?market=TIN_USDT')).body, { canceled: [] });

  const ended = { status: 'CANCELED', filledQuantity: '0.40', fills: [{ quantity: '0.40' }] };
  t.match((await get(`/order?orderId=${bid.orderId}`)).body, ended, 'what was stays readable');
  t.match((await get('/user/order?market=TIN_USDT', seller.token)).body.items[1], { orderId: ask.orderId });
  t.equal((await get('/user/trades?market=TIN_USDT')).body.items.length, 1);
  t.equal((await get('/trades?market=TIN_USDT')).body.length, 1);
  await stack.settled();
  t.match((await get('/klines?market=TIN_USDT&interval=1d')).body, [{ trades: 1 }]);
  t.match((await get('/depth?market=TIN_USDT')).body, { bids: [], asks: [] });
  const fold = new Map<string, string>();
  for (const { b = [], a = [] } of reader.data('tin_usdt@depth')) {
    for (const [price, quantity] of [...b, ...a]) fold.set(price, quantity);
  }
  t.same([...new Set(fold.values())], ['0'], 'who reads the depth has seen it empty');
});

t.test('a market with very many open orders is delisted, too', async t => {
  await post('/admin/assets', { asset: 'ZINC', decimals: 0 }, admin);
  const many = { market: 'ZINC_USDT', tickSize: '1', lotSize: '1', maxOpenOrders: 1_000_000 };
  await post('/admin/markets', many, admin);
  const { userId, token } = await stack.trader({ ZINC: '100000' });
  const entries = Array.from({ length: 12_000 }, (_, requestId) =>
    encodeRequest({
      requestId,
      replyTo: 'test',
      deadline: Date.now() + 60_000,
      request: {
        kind: 'PLACE_ORDER',
        body: {
          account: Number(userId),
          market: 'ZINC_USDT',
          clientOrderId: `z${requestId}`,
          side: 'SELL',
          type: 'LIMIT',
          timeInForce: 'GTC',
          selfTradePrevention: 'NONE',
          price: 1 + (requestId % 100),
          quantity: 1,
          quoteQuantity: null,
        },
      },
    }),
  );
  await stack.redis.rpush(stack.keys.commands, ...entries);
  await stack.until('all to be placed', async () => (await stack.redis.llen(stack.keys.commands)) === 0);
  const zinc = async () =>
    (await get('/user', token)).body.balances.find(({ asset }: Body) => asset === 'ZINC').locked;
  t.equal(await zinc(), '12000');
  const options = { token: admin, body: { status: 'DELISTED' } };
  const path = '/api/v1/admin/markets/ZINC_USDT';
  // Once, unless the machine is so busy that the engine does not answer in time.
  await stack.until(
    'it to be delisted',
    async () => (await stack.request('PATCH', path, options)).status === 200,
  );
  t.equal(await zinc(), '0');
  t.same((await get('/order/open', token)).body, []);
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

/** What of a market as it is answered may be sent back as its limits. */
function limitsOf({
  minQuantity,
  maxQuantity,
  minPrice,
  maxPrice,
  minNotional,
  maxOpenOrders,
}: Body): object {
  return { minQuantity, maxQuantity, minPrice, maxPrice, minNotional, maxOpenOrders };
}
