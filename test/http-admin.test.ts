/** What an administrator does over HTTP, and the health of the exchange. */
import t from 'tap';
import { apiCalls, outcome } from './api-calls.js';
import { type Body, startStack } from './stack.js';

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
