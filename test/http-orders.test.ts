/** Orders over HTTP, and what is read of them afterwards: history, market data, candles. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Database } from '../api/database.js';
import { History } from '../api/history.js';
import { createLogger } from '../shared/io/log.js';
import { apiCalls, outcome } from './api-calls.js';
import { type Answer, type Body, startStack, type TestUser } from './stack.js';

const LIMIT = { market: 'BTC_USDT', side: 'BUY', type: 'LIMIT', price: '100', quantity: '1' };
const MARKET = { market: 'BTC_USDT', side: 'BUY', type: 'MARKET', quantity: '1' };

const stack = await startStack(t, { env: { SIGNUP_BALANCE: '10000 USDT, 1 BTC' } });
const user = await stack.register();
const { get, post, refusals, remove } = apiCalls(stack, user);

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

t.test('an order that was read before its newest trades has the fills of that moment', async t => {
  const log = createLogger('test', 'silent');
  const history = new History(new Database(stack.pool, log));
  const maker = await stack.trader({ ETH: '10' });
  const sell = { market: 'ETH_USDT', side: 'SELL', type: 'LIMIT', price: '3', quantity: '2' };
  const { orderId } = (await post('/order', sell, maker.token)).body;
  for (let count = 0; count < 2; count++) {
    const buy = { ...sell, side: 'BUY', quantity: '1' };
    t.equal((await post('/order', buy)).body.status, 'FILLED');
  }
  await stack.settled();
  const order = (await history.order(Number(maker.userId), Number(orderId)))!;
  const earlier = { ...order, filledQuantity: order.filledQuantity / 2 };
  const trades = await history.tradesOf([order, earlier]);
  t.same(
    [order, earlier].map(read => trades?.get(read)?.length),
    [2, 1],
  );
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
