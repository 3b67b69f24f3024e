/** What the engine refuses, and the rules of deposits, withdrawals, assets and markets, each as a session. */
import assert from 'node:assert/strict';
import t from 'tap';
import { Accounts } from '../engine/core/accounts.js';
import { Exchange } from '../engine/core/exchange.js';
import { HashSum } from '../engine/core/hash.js';
import { Ledger } from '../engine/core/ledger.js';
import { MAX_DELISTED_ORDERS } from '../engine/core/listing.js';
import type { Command, CreateMarket, PlaceOrder } from '../shared/domain/commands.js';
import { FIRST_USER, TREASURY } from '../shared/domain/entities.js';
import { GENESIS } from '../shared/domain/genesis.js';
import type { RejectCode } from '../shared/domain/rejects.js';
import { Recorded } from './recorded.js';
import { NO_CHANGE } from './script-markets.js';
import { session } from './session.js';

const FUNDED = `
  deposit buyer  USDT 1000 | ok
  deposit seller BTC  10   | ok`;

// ---- the limits of an order

rule(
  'the price must lie within the limits of the market',
  `${FUNDED}
  market update BTC_USDT minPrice 90 maxPrice 110 | ok
  place buyer  b1 BUY  1 @ 89.99  | PRICE_OUT_OF_RANGE
  place buyer  b1 BUY  1 @ 110.01 | PRICE_OUT_OF_RANGE
  place seller s1 SELL 1 @ 89.99  | PRICE_OUT_OF_RANGE
  place buyer  b1 BUY  1 @ 0      | PRICE_OUT_OF_RANGE
  place buyer  b1 BUY  1 @ 90     | NEW
  place seller s1 SELL 1 @ 110    | NEW
  depth                           | bid 1 @ 90, ask 1 @ 110`,
);

rule(
  'the quantity must lie within the limits of the market',
  `${FUNDED}
  market update BTC_USDT minQuantity 0.5 maxQuantity 2 | ok
  place seller s1 SELL 0.49999 @ 100  | QUANTITY_OUT_OF_RANGE
  place seller s1 SELL 2.00001 @ 100  | QUANTITY_OUT_OF_RANGE
  place seller s1 SELL 0 @ 100        | QUANTITY_OUT_OF_RANGE
  place seller s1 SELL 0.5 @ 100      | NEW
  place seller s2 SELL 2 @ 100        | NEW
  place buyer  m1 BUY 0.49999 @ market | QUANTITY_OUT_OF_RANGE
  place buyer  m1 BUY 2.00001 @ market | QUANTITY_OUT_OF_RANGE
  place buyer  m1 BUY 0 USDT @ market  | QUANTITY_OUT_OF_RANGE
  place buyer  b1 BUY 0.75 @ 100       | trade s1 b1 0.5 @ 100, trade s2 b1 0.25 @ 100
  depth                                | ask 1.75 @ 100`,
);

rule(
  'an order must be worth the minimum notional, a market order at the price that it meets',
  `${FUNDED}
  market update BTC_USDT minNotional 10  | ok
  place seller s1 SELL 0.09999 @ 100     | MIN_NOTIONAL
  place buyer  b1 BUY  0.1 @ 99.99       | MIN_NOTIONAL
  place buyer  b1 BUY  0.1 @ 99.99 IOC   | MIN_NOTIONAL
  place seller s1 SELL 0.1 @ 100         | NEW
  place seller s2 SELL 1 @ 200           | NEW
  place buyer  m1 BUY 0.09999 @ market   | MIN_NOTIONAL
  place buyer  m1 BUY 9.99999999 USDT @ market | MIN_NOTIONAL
  place buyer  m1 BUY 10 USDT @ market   | trade s1 m1 0.1 @ 100
  place buyer  m2 BUY 0.05 @ market      | trade s2 m2 0.05 @ 200
  place buyer  b2 BUY 1 @ 50             | NEW
  place seller m3 SELL 0.19999 @ market  | MIN_NOTIONAL
  place seller m3 SELL 9.99999999 USDT @ market | MIN_NOTIONAL
  place seller m3 SELL 0.2 @ market      | trade b2 m3 0.2 @ 50`,
);

rule(
  'an account has at most so many open orders in a market',
  `${FUNDED}
  deposit other USDT 1000              | ok
  market update BTC_USDT maxOpenOrders 2 | ok
  place buyer b1 BUY 1 @ 100           | NEW
  place buyer b2 BUY 1 @ 101           | NEW
  place buyer b3 BUY 1 @ 102           | TOO_MANY_ORDERS
  place buyer b3 BUY 1 @ 102 LIMIT_MAKER | TOO_MANY_ORDERS
  place buyer e1 BUY 1 @ 10 in ETH_USDT | NEW
  place other o1 BUY 1 @ 90            | NEW
  place seller s1 SELL 1 @ 200         | NEW
  place buyer i1 BUY 1 @ 102 IOC       | EXPIRED remaining 1
  place buyer f1 BUY 1 @ 102 FOK       | EXPIRED remaining 1
  place buyer m1 BUY 1 @ market        | trade s1 m1 1 @ 200
  cancel buyer b1                      | CANCELED remaining 1
  place buyer b3 BUY 1 @ 102           | NEW
  place buyer b4 BUY 1 @ 103           | TOO_MANY_ORDERS
  place seller s2 SELL 1 @ 102         | trade b3 s2 1 @ 102
  place buyer b4 BUY 1 @ 103           | NEW
  open buyer                           | b2 NEW, e1 NEW, b4 NEW`,
);

rule(
  'a client order id is unique among the open orders of an account in a market',
  `${FUNDED}
  deposit other USDT 1000                 | ok
  place buyer b1 BUY 1 @ 100              | NEW
  place buyer b1 BUY 1 @ 100              | DUPLICATE_CLIENT_ORDER_ID
  place buyer b1 BUY 1 @ 100 IOC          | DUPLICATE_CLIENT_ORDER_ID
  place buyer b1 BUY 1 @ 10 in ETH_USDT   | NEW
  place other b1 BUY 1 @ 100              | NEW
  cancel buyer b1                         | CANCELED remaining 1
  place buyer b1 BUY 1 @ 99               | NEW
  open buyer                              | b1 NEW, b1 NEW
  cancel buyer b1 in ETH_USDT             | CANCELED remaining 1
  place seller s1 SELL 2 @ 99             | trade b1 s1 1 @ 100, trade b1 s1 1 @ 99
  place buyer b1 BUY 1 @ 98               | NEW
  order buyer b1                          | BUY 1 @ 98 NEW`,
);

rule(
  'a market order may be sent twice under one client order id, and executes twice',
  `${FUNDED}
  place seller s1 SELL 2 @ 100      | NEW
  place buyer  m1 BUY 1 @ market    | trade s1 m1 1 @ 100
  place buyer  m1 BUY 1 @ market    | trade s1 m1 1 @ 100`,
);

rule(
  'the total of a level stays under 2^53 lots',
  `
  asset DUST 8                                  | ok
  asset PAY 8                                   | ok
  market create DUST_PAY 1 0.00000001 minPrice 1 maxPrice 9 maxQuantity 90071992.54740991 | ok
  deposit a DUST 300000000                      | ok
  deposit b PAY  300000000                      | ok
  place a s1 SELL 90071992.5474099 @ 2 in DUST_PAY | NEW
  place a s2 SELL 0.00000002 @ 2 in DUST_PAY    | LIMIT_EXCEEDED
  place a s2 SELL 0.00000001 @ 2 in DUST_PAY    | NEW
  place a s3 SELL 0.00000001 @ 2 in DUST_PAY    | LIMIT_EXCEEDED
  place a s3 SELL 90071992.54740991 @ 3 in DUST_PAY | NEW
  place b b1 BUY  90071992.54740991 @ 1 in DUST_PAY | NEW
  place b b2 BUY  0.00000001 @ 1 in DUST_PAY    | LIMIT_EXCEEDED
  depth in DUST_PAY                             | bid 90071992.54740991 @ 1, ask 90071992.54740991 @ 2,
                                                | ask 90071992.54740991 @ 3
  place b m1 BUY 200000000 PAY @ market in DUST_PAY | trade s1 m1 90071992.5474099 @ 2,
                                                | trade s2 m1 0.00000001 @ 2
  balance b PAY                                 | available 29784022.35777027 locked 90071992.54740991
  audit                                         | ok`,
);

rule(
  'the audit holds where the lots of a side pass 2^53',
  `
  asset DUST 8                                  | ok
  asset PAY 8                                   | ok
  market create DUST_PAY 1 0.00000001 minPrice 1 maxPrice 9 maxQuantity 90071992.54740991 | ok
  deposit a DUST 300000000                      | ok
  place a s1 SELL 90071992.54740991 @ 9 in DUST_PAY | NEW
  place a s2 SELL 0.00000001 @ 2 in DUST_PAY    | NEW
  place a s3 SELL 0.00000001 @ 3 in DUST_PAY    | NEW
  place a s4 SELL 0.00000001 @ 4 in DUST_PAY    | NEW
  place a s5 SELL 0.00000001 @ 5 in DUST_PAY    | NEW
  audit                                         | ok`,
);

// ---- market status

rule(
  'in CANCEL_ONLY and HALT nothing can be placed and everything canceled',
  `${FUNDED}
  place buyer b1 BUY 1 @ 100                 | NEW
  place buyer b2 BUY 1 @ 99                  | NEW
  place buyer b3 BUY 1 @ 98                  | NEW
  market update BTC_USDT status CANCEL_ONLY  | ok
  place seller s1 SELL 1 @ 100               | MARKET_NOT_TRADING
  place seller s1 SELL 1 @ 100 LIMIT_MAKER   | MARKET_NOT_TRADING
  place seller m1 SELL 1 @ market            | MARKET_NOT_TRADING
  cancel buyer b1                            | CANCELED remaining 1
  market update BTC_USDT status HALT         | ok
  place seller s1 SELL 1 @ 99                | MARKET_NOT_TRADING
  cancel buyer #b2                           | CANCELED remaining 1
  cancel-all buyer                           | canceled b3
  place buyer e1 BUY 1 @ 10 in ETH_USDT      | NEW
  market update BTC_USDT status TRADING      | ok
  place buyer b4 BUY 1 @ 100                 | NEW
  place buyer b5 BUY 1 @ 100 in BTC_ADA      | UNKNOWN_MARKET`,
);

// ---- deposits and withdrawals

rule(
  'a deposit comes from the treasury, a withdrawal goes back to it',
  `
  deposit  user USDT 100          | ok
  events                          | MOVED
  ledger                          | treasury USDT -100 DEPOSIT after -100, user USDT 100 DEPOSIT after 100
  balance  treasury USDT          | available -100 locked 0
  withdraw user USDT 30 key w1    | ok
  ledger                          | user USDT -30 WITHDRAWAL w1 after 70, treasury USDT 30 WITHDRAWAL w1 after -70
  balance  user USDT              | available 70 locked 0
  balance  treasury USDT          | available -70 locked 0
  withdraw user USDT 70.00000001  | INSUFFICIENT_BALANCE needs 70.00000001 USDT of 70
  withdraw user USDT 70           | ok
  balance  user USDT              | available 0 locked 0
  withdraw user USDT 0.00000001   | INSUFFICIENT_BALANCE needs 0.00000001 USDT of 0
  withdraw nobody BTC 1           | INSUFFICIENT_BALANCE needs 1 BTC of 0
  deposit  user USDT 0            | AMOUNT_OUT_OF_RANGE
  withdraw user USDT 0            | AMOUNT_OUT_OF_RANGE
  deposit  user DOGE 1            | UNKNOWN_ASSET
  withdraw user DOGE 1            | UNKNOWN_ASSET`,
);

rule(
  'what open orders hold cannot be withdrawn',
  `${FUNDED}
  place    buyer b1 BUY 1 @ 400   | NEW
  withdraw buyer USDT 600.01      | INSUFFICIENT_BALANCE needs 600.01 USDT of 600
  withdraw buyer USDT 600         | ok
  balance  buyer USDT             | available 0 locked 400
  cancel   buyer b1               | CANCELED remaining 1
  withdraw buyer USDT 400         | ok`,
);

rule(
  'the same key and the same body give the first answer again and change nothing',
  `
  deposit  user USDT 100 key k1   | ok
  deposit  user USDT 50           | ok
  deposit  user USDT 100 key k1   | repeated
  events                          | REPEATED
  balance  user USDT              | available 150 locked 0
  deposit  user USDT 101 key k1   | DUPLICATE_ID
  deposit  user BTC 100 key k1    | DUPLICATE_ID
  withdraw user USDT 100 key k1   | DUPLICATE_ID
  deposit  other USDT 100 key k1  | ok
  withdraw user USDT 10 key k2    | ok
  withdraw user USDT 10 key k2    | repeated
  deposit  user USDT 10 key k2    | DUPLICATE_ID
  balance  user USDT              | available 140 locked 0
  withdraw user USDT 900 key k3   | INSUFFICIENT_BALANCE needs 900 USDT of 140
  deposit  user USDT 900 key k3   | ok`,
);

rule(
  'a key is remembered for seven days',
  `
  deposit user USDT 1 key k1   | ok
  wait    7d                   | ok
  deposit user USDT 2 key k2   | ok
  deposit user USDT 1 key k1   | ok
  balance user USDT            | available 4 locked 0
  deposit user USDT 1 key k1   | repeated
  wait    6d                   | ok
  deposit user USDT 1 key k1   | repeated
  deposit user USDT 2 key k2   | repeated
  wait    1d                   | ok
  deposit user USDT 2 key k2   | ok`,
);

rule(
  'a key is remembered until the last millisecond of the seven days',
  `
  deposit user USDT 1 key k1   | ok
  wait    604799998ms          | ok
  deposit user USDT 1 key k1   | repeated
  deposit user USDT 1 key k1   | ok`,
);

rule(
  'a key that is over is new again in the very command that finds it',
  `
  deposit user USDT 1 key k1   | ok
  wait    7d                   | ok
  deposit user USDT 1 key k1   | ok
  balance user USDT            | available 2 locked 0`,
);

rule(
  'each key is over after seven days, however many are over at once',
  `
  deposit user USDT 1 key k1   | ok
  deposit user USDT 1 key k2   | ok
  deposit user USDT 1 key k3   | ok
  deposit user USDT 1 key k4   | ok
  wait    8d                   | ok
  deposit user USDT 1 key k4   | ok
  balance user USDT            | available 5 locked 0`,
);

rule(
  'the total of an asset stays within 2^62 units',
  `
  asset   DUST 0                        | ok
  deposit a DUST 4611686018427387905    | AMOUNT_OUT_OF_RANGE
  deposit a DUST 4611686018427387000    | ok
  deposit b DUST 905                    | AMOUNT_OUT_OF_RANGE
  deposit b DUST 904                    | ok
  deposit b DUST 1                      | AMOUNT_OUT_OF_RANGE
  withdraw a DUST 1                     | ok
  deposit b DUST 1                      | ok
  balance treasury DUST                 | available -4611686018427387904 locked 0
  deposit b USDT 1                      | ok`,
);

// ---- assets and markets

rule(
  'an asset is created once, with at most eight decimals',
  `
  asset BTC 8           | ALREADY_EXISTS
  asset SOL 9           | BAD_FIELD
  asset SOL 8           | ok
  asset SOL 8           | ALREADY_EXISTS
  asset ONE 0           | ok
  deposit user SOL 0.00000001 | ok
  deposit user ONE 7    | ok
  balance user ONE      | available 7 locked 0
  balance user SOL      | available 0.00000001 locked 0`,
);

rule(
  'a new market trades at its own tick and lot',
  `
  asset   SOL 4                                    | ok
  market  create SOL_USDT 0.05 0.25 minPrice 1 maxPrice 1000 minNotional 2 takerFee 0.01 | ok
  market  show SOL_USDT base quote minPrice maxPrice minNotional takerFee status
                                                   | SOL, USDT, 1, 1000, 2, 0.01, TRADING
  deposit a USDT 100                               | ok
  deposit b SOL 10                                 | ok
  place   a b1 BUY  1.5 @ 20.05 in SOL_USDT        | NEW
  place   b s1 SELL 0.25 @ 20 in SOL_USDT          | trade b1 s1 0.25 @ 20.05 taker fee 0.050125 USDT
  balance a USDT                                   | available 69.925 locked 25.0625
  balance a SOL                                    | available 0.25 locked 0
  balance b USDT                                   | available 4.962375 locked 0
  market  create SOL_USDT 0.05 0.25                | ALREADY_EXISTS
  market  create USDT_SOL 0.1 1 status HALT        | ok
  place   a b2 SELL 1 @ 1 in USDT_SOL              | MARKET_NOT_TRADING`,
);

rule(
  'a market update changes what it names and nothing else, or nothing at all',
  `
  market update BTC_USDT makerFee 0.001 | ok
  market show BTC_USDT minQuantity maxQuantity minPrice maxPrice minNotional maxOpenOrders makerFee takerFee status
                                        | 0.00001, 1000, 0.01, 10000000, 1, 1000, 0.001, 0, TRADING
  market update BTC_USDT minQuantity 0.0001 maxQuantity 10 minPrice 1 maxPrice 1000 minNotional 5
                                        | ok
  market update BTC_USDT maxOpenOrders 7 takerFee 0.002 status HALT | ok
  market show BTC_USDT minQuantity maxQuantity minPrice maxPrice minNotional maxOpenOrders makerFee takerFee status
                                        | 0.0001, 10, 1, 1000, 5, 7, 0.001, 0.002, HALT
  market update BTC_USDT makerFee 0 minPrice 1000.01  | BAD_FIELD
  market update BTC_USDT minPrice 1000 minQuantity 10 | ok
  market update BTC_USDT minPrice 0     | BAD_FIELD
  market update BTC_USDT minQuantity 0  | BAD_FIELD
  market update BTC_USDT maxQuantity 9.99999 | BAD_FIELD
  market update BTC_USDT maxOpenOrders 0 | BAD_FIELD
  market update BTC_USDT makerFee 1     | BAD_FIELD
  market update BTC_USDT takerFee 1     | BAD_FIELD
  market update BTC_USDT maxPrice 90071992547409 maxQuantity 1000000 | BAD_FIELD
  market update BTC_ADA  status HALT    | UNKNOWN_MARKET
  market show BTC_USDT minQuantity maxQuantity minPrice maxPrice minNotional maxOpenOrders makerFee takerFee status
                                        | 10, 10, 1000, 1000, 5, 7, 0.001, 0.002, HALT
  market show ETH_USDT makerFee status  | 0, TRADING
  market update BTC_USDT makerFee 0 takerFee 0 minNotional 0 | ok
  market show BTC_USDT makerFee takerFee minNotional maxOpenOrders | 0, 0, 0, 7`,
);

rule(
  'what an order had to keep when it was placed is not asked of it again; what is new counts from the next one on',
  `${FUNDED}
  place  buyer  b1 BUY  0.00002 @ 90000  | NEW
  place  buyer  b2 BUY  1 @ 20           | NEW
  place  seller s1 SELL 5 @ 100000       | NEW
  market update BTC_USDT minQuantity 1 maxQuantity 4 minPrice 50 maxPrice 95000 minNotional 50 maxOpenOrders 1 | ok
  open   buyer                           | b1 NEW, b2 NEW
  balance buyer USDT                     | available 978.2 locked 21.8
  place  buyer  b3 BUY  0.5 @ 100        | QUANTITY_OUT_OF_RANGE
  place  seller s2 SELL 5 @ 90000        | QUANTITY_OUT_OF_RANGE
  place  buyer  b3 BUY  1 @ 20           | PRICE_OUT_OF_RANGE
  place  seller s2 SELL 1 @ 100000       | PRICE_OUT_OF_RANGE
  place  seller s2 SELL 1 @ 95000        | TOO_MANY_ORDERS
  place  buyer  b3 BUY  1 @ 60           | TOO_MANY_ORDERS
  market update BTC_USDT minQuantity 0.00001 takerFee 0.5 | ok
  place  seller s3 SELL 0.00002 @ market | MIN_NOTIONAL
  place  seller s3 SELL 1 @ 80000 IOC    | trade b1 s3 0.00002 @ 90000 taker fee 0.9 USDT, EXPIRED remaining 0.99998
  cancel buyer  b2                       | CANCELED remaining 1
  cancel seller s1                       | CANCELED remaining 5`,
);

rule(
  'a market that is delisted ends its open orders, and never trades again',
  `${FUNDED}
  deposit seller ETH 1                   | ok
  place  buyer  b1 BUY  1 @ 100          | NEW
  place  buyer  b2 BUY  1 @ 101          | NEW
  place  buyer  b3 BUY  1 @ 101          | NEW
  place  seller s1 SELL 1 @ 120          | NEW
  place  seller s2 SELL 3 @ 110          | NEW
  place  buyer  b4 BUY  1 @ 110          | trade s2 b4 1 @ 110
  place  seller e1 SELL 1 @ 9 in ETH_USDT | NEW
  market update BTC_USDT status HALT     | ok
  market show BTC_USDT updateId          | 6
  market update BTC_USDT status DELISTED | ok
  events                 | MARKET_UPDATED, ORDER_ENDED, ORDER_ENDED, ORDER_ENDED, ORDER_ENDED, ORDER_ENDED
  market show BTC_USDT status updateId   | DELISTED, 7
  depth                                  | empty
  balance buyer  USDT                    | available 890 locked 0
  balance seller BTC                     | available 9 locked 0
  open   buyer                           | none
  open   seller                          | e1 NEW
  order  seller s2                       | SELL 3 @ 110 CANCELED filled 1 for 110 average 110
  cancel buyer  b1                       | UNKNOWN_ORDER
  cancel-all buyer in BTC_USDT           | canceled none
  place  buyer  b5 BUY  1 @ 100          | MARKET_NOT_TRADING
  market update BTC_USDT status TRADING  | MARKET_NOT_TRADING
  market update BTC_USDT makerFee 0.1    | MARKET_NOT_TRADING
  market update BTC_USDT status DELISTED | ok
  events                                 | MARKET_UPDATED
  market create BTC_USDT 0.01 0.00001    | ALREADY_EXISTS
  market show BTC_USDT status makerFee updateId | DELISTED, 0, 7`,
);

t.test('a market with very many open orders is delisted in steps', async t => {
  const many = 2 * MAX_DELISTED_ORDERS + 1;
  let ended: number[] = [];
  const exchange = new Exchange(({ kind, body }) => {
    if (kind === 'ORDER_ENDED') ended.push(body.orderId);
  });
  const timing = { time: 1, deadline: 1 };
  const tell = (command: Command) => assert.notEqual(exchange.execute(command, timing).kind, 'REFUSED');
  for (const command of GENESIS) tell(command);
  tell({ kind: 'DEPOSIT', body: { account: FIRST_USER, asset: 'BTC', amount: 10n ** 12n, key: null } });
  const market = 'BTC_USDT';
  tell({ kind: 'UPDATE_MARKET', body: { market, ...NO_CHANGE, maxOpenOrders: many } });
  const first = exchange.sequence + 1;
  for (let place = 0; place < many; place++) {
    const order = { ...AN_ORDER, market, price: 20_000_000 - (place % 2), clientOrderId: `${place}` };
    tell({ kind: 'PLACE_ORDER', body: order });
  }
  const atBestPrice = (place: number) => first + 2 * place + 1;
  for (const expected of [MAX_DELISTED_ORDERS, MAX_DELISTED_ORDERS, 1, 0]) {
    ended = [];
    tell({ kind: 'UPDATE_MARKET', body: { market, ...NO_CHANGE, status: 'DELISTED' } });
    t.equal(ended.length, expected);
    if (expected === 0 || ended[0] !== atBestPrice(0)) continue;
    t.same(
      ended,
      Array.from(ended, (_, place) => atBestPrice(place)),
      'the best price first, in their order',
    );
  }
  exchange.endBatch();
  exchange.audit();
});

const AN_ORDER: PlaceOrder = {
  account: FIRST_USER,
  market: 'BTC_USDT',
  clientOrderId: 'a',
  side: 'SELL',
  type: 'LIMIT',
  timeInForce: 'GTC',
  selfTradePrevention: 'NONE',
  price: 20_000_000,
  quantity: 10,
  quoteQuantity: null,
};

const A_MARKET: CreateMarket = {
  market: 'ADA_BTC',
  base: 'ADA',
  quote: 'BTC',
  // ADA has 6 decimals, BTC 8: a tick of 0.00000001 times a lot of 1 ADA is one unit of BTC
  priceDecimals: 8,
  tickSize: 1,
  lotSize: 1_000_000n,
  minQuantity: 1,
  maxQuantity: 1000,
  minPrice: 1,
  maxPrice: 1000,
  minNotional: 0n,
  maxOpenOrders: 10,
  makerFee: 0,
  takerFee: 0,
  status: 'TRADING',
};

t.test('which markets are refused', async t => {
  const table: [what: string, change: Partial<CreateMarket>, expected: RejectCode | 'ok'][] = [
    ['nothing wrong', {}, 'ok'],
    ['it exists', { market: 'BTC_USDT', base: 'BTC', quote: 'USDT' }, 'ALREADY_EXISTS'],
    ['unknown base', { market: 'DOGE_BTC', base: 'DOGE' }, 'UNKNOWN_ASSET'],
    ['unknown quote', { market: 'ADA_DOGE', quote: 'DOGE' }, 'UNKNOWN_ASSET'],
    ['base and quote the same', { market: 'BTC_BTC', base: 'BTC', lotSize: 100_000_000n }, 'BAD_FIELD'],
    ['the same lot of another base', { market: 'ETH_BTC', base: 'ETH', lotSize: 100_000_000n }, 'ok'],
    ['tick x lot is no whole unit', { lotSize: 999_999n }, 'BAD_FIELD'],
    ['tick x lot is a tenth of a unit', { priceDecimals: 9 }, 'BAD_FIELD'],
    ['tick x lot is a tenth of a unit, ten of them', { priceDecimals: 9, lotSize: 10_000_000n }, 'ok'],
    ['no tick', { tickSize: 0 }, 'BAD_FIELD'],
    ['no lot', { lotSize: 0n }, 'BAD_FIELD'],
    ['a negative lot', { lotSize: -1_000_000n }, 'BAD_FIELD'],
    ['too many decimals', { priceDecimals: 19, lotSize: 10n ** 17n }, 'BAD_FIELD'],
    ['no quantity', { minQuantity: 0 }, 'BAD_FIELD'],
    ['quantities the wrong way round', { minQuantity: 1001 }, 'BAD_FIELD'],
    ['one quantity only', { minQuantity: 1000 }, 'ok'],
    ['no price', { minPrice: 0 }, 'BAD_FIELD'],
    ['prices the wrong way round', { minPrice: 1001 }, 'BAD_FIELD'],
    ['one price only', { minPrice: 1000 }, 'ok'],
    ['a negative notional', { minNotional: -1n }, 'BAD_FIELD'],
    ['no open orders', { maxOpenOrders: 0 }, 'BAD_FIELD'],
    ['a maker fee of everything', { makerFee: 100_000_000 }, 'BAD_FIELD'],
    ['a taker fee of everything', { takerFee: 100_000_000 }, 'BAD_FIELD'],
    ['nearly everything', { makerFee: 99_999_999, takerFee: 99_999_999 }, 'ok'],
    ['2^62 of quote', { maxPrice: 2 ** 31, maxQuantity: 2 ** 31 }, 'BAD_FIELD'],
    ['less than 2^62 of quote', { maxPrice: 2 ** 31, maxQuantity: 2 ** 31 - 1 }, 'ok'],
    ['2^62 of quote by the tick', { tickSize: 2 ** 31, maxPrice: 2 ** 31, maxQuantity: 1 }, 'BAD_FIELD'],
  ];
  for (const [what, change, expected] of table) {
    const run = Recorded.fresh();
    const timing = { time: 1, deadline: 2 };
    for (const command of GENESIS) run.execute({ command, timing });
    const answer = run.execute({
      command: { kind: 'CREATE_MARKET', body: { ...A_MARKET, ...change } },
      timing,
    });
    run.endBatch();
    t.equal(answer.kind === 'REFUSED' ? answer.reject.code : 'ok', expected, what);
  }
});

t.test('what an order would need can be said, however much it is', async t => {
  const run = Recorded.fresh();
  const timing = { time: 1, deadline: 2 };
  for (const command of GENESIS) run.execute({ command, timing });
  const wide = { tickSize: 1, priceDecimals: 18, lotSize: 10n ** 16n, maxQuantity: 10_000_000 };
  run.execute({ command: { kind: 'CREATE_MARKET', body: { ...A_MARKET, ...wide } }, timing });
  const order = { ...AN_ORDER, market: A_MARKET.market, price: 1, quantity: 10_000_000 };
  t.doesNotThrow(() => run.execute({ command: { kind: 'PLACE_ORDER', body: order }, timing }));
});

t.test('time never goes back', async t => {
  const run = Recorded.fresh();
  const [first, second] = GENESIS;
  run.execute({ command: first!, timing: { time: 5, deadline: 9 } });
  assert.throws(() => run.exchange.execute(second!, { time: 4, deadline: 9 }));
  t.pass('it throws');
});

t.test('nothing but the treasury goes below zero', async t => {
  const table: [what: string, change: (ledger: Ledger, balance: number) => void][] = [
    ['taken', (ledger, balance) => ledger.take(balance, 6n)],
    ['taken of what is locked', (ledger, balance) => ledger.takeLocked(balance, 6n)],
    ['locked', (ledger, balance) => ledger.lock(balance, 6n)],
    ['unlocked', (ledger, balance) => ledger.unlock(balance, 6n)],
  ];
  for (const [what, change] of table) {
    const attempt = (account: number) => {
      const stateHash = new HashSum();
      const accounts = new Accounts(stateHash);
      const ledger = new Ledger(accounts, stateHash);
      change(ledger, ledger.add(accounts.open(account), { asset: 'BTC', available: 5n, locked: 5n }));
    };
    t.throws(() => attempt(FIRST_USER), /-1 (available|locked)/, `6 of 5 ${what}`);
    t.doesNotThrow(() => attempt(TREASURY), `6 of 5 ${what}, of the treasury`);
  }
});

/** A test that the session goes as its script says. */
function rule(name: string, script: string): void {
  t.test(name, async t => session(t, script));
}
