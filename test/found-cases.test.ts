/**
 * Cases that are easy to get wrong, each named for its rule in docs/RULES.md: the exchange and the naive one agree after
 * every command, and what the last command did is what the rule says. A difference that a random session finds
 * (second-opinion.test.ts) is kept here, too.
 */
import t from 'tap';
import { Exchange } from '../engine/core/exchange.js';
import type { Command, CreateMarket } from '../shared/domain/commands.js';
import { FEES, TREASURY } from '../shared/domain/entities.js';
import { type Event, ledgerEntries } from '../shared/domain/events.js';
import {
  ANN,
  asset,
  BEN,
  BIG_MARKET,
  buy,
  byQuantity,
  byQuote,
  CAT,
  cancel,
  cancelAll,
  deposit,
  MARKET,
  MAX_ISSUED,
  MAX_LOTS,
  market,
  sell,
  update,
  WEEK_MS,
  withdraw,
} from './cases-words.js';
import { Recorded } from './recorded.js';
import { SideBySide } from './side-by-side.js';

/** A command, or one that comes some time after the one before it, or past its deadline. */
type Moment = Command | { after: number; command: Command } | { late: Command };

interface Case {
  rule: string;
  session: Moment[];
  /** What the last command did, without what trader pays trader. */
  last: string[];
}

const LISTING = [asset('AAA'), asset('CCC'), market(MARKET), market(BIG_MARKET)];
const MONEY = [ANN, BEN].flatMap(account => [
  deposit(account, 'AAA', 2n ** 60n),
  deposit(account, 'CCC', 2n ** 60n),
]);
/** A lot is 2^61 of base, a tick times a lot only 2^43 of quote. */
const WIDE_LOTS: CreateMarket = {
  ...MARKET,
  market: 'C_D',
  priceDecimals: 18,
  tickSize: 5 ** 18,
  lotSize: 2n ** 61n,
};
const FOUR_KEYS = ['k1', 'k2', 'k3', 'k4'].map(key => deposit(CAT, 'CCC', 5n, key));

const NAMES = new Map([
  [TREASURY, 'treasury'],
  [FEES, 'fees'],
  [ANN, 'ann'],
  [BEN, 'ben'],
  [CAT, 'cat'],
]);

const CASES: Case[] = [
  {
    rule: 'a sale by quote stops at the price where its budget pays no more whole lots',
    session: [...MONEY, buy(ANN, 1, 5), buy(ANN, 3, 3), buy(ANN, 1, 2), byQuote(BEN, 'SELL', 30n)],
    last: ['placed', 'trade 1 @ 5', 'trade 1 @ 3'],
  },
  {
    rule: 'an order by quote whose budget ends with the book is filled',
    session: [...MONEY, sell(ANN, 2, 5), byQuote(BEN, 'BUY', 32n)],
    last: ['placed', 'trade 2 @ 5'],
  },
  {
    rule: 'an order by quote that could pay another lot when the book ends expires',
    session: [...MONEY, sell(ANN, 2, 5), byQuote(BEN, 'BUY', 45n)],
    last: ['placed', 'trade 2 @ 5', 'ben EXPIRED null'],
  },
  {
    rule: 'an order by quote that pays no lot at the best price tries no worse one',
    session: [...MONEY, buy(ANN, 1, 5), buy(ANN, 1, 2), byQuote(BEN, 'SELL', 6n)],
    last: ['placed', 'ben EXPIRED null'],
  },
  {
    rule: 'an order by quote under one tick times one lot expires',
    session: [...MONEY, sell(ANN, 1, 1), byQuote(BEN, 'BUY', 2n)],
    last: ['placed', 'ben EXPIRED null'],
  },
  {
    rule: 'an order by quote has all it wants before an own order that it cannot pay',
    session: [...MONEY, sell(ANN, 1, 5), byQuote(ANN, 'BUY', 6n, { selfTradePrevention: 'EXPIRE_BOTH' })],
    last: ['placed', 'ann EXPIRED null'],
  },
  {
    rule: 'an order by quote takes at most maxQuantity lots, and then has all it wants',
    session: [...MONEY, sell(ANN, 5, 1), update({ maxQuantity: 3 }), byQuote(BEN, 'BUY', 300n)],
    last: ['placed', 'trade 3 @ 1'],
  },
  {
    rule: 'a budget may be far over 2^53',
    session: [
      ...MONEY,
      buy(ANN, MAX_LOTS, 100, { market: BIG_MARKET.market }),
      byQuote(BEN, 'SELL', 2n ** 63n - 1n, { market: BIG_MARKET.market }),
    ],
    last: ['placed', `trade ${MAX_LOTS} @ 100`],
  },
  {
    rule: 'EXPIRE_TAKER ends also what would rest',
    session: [
      ...MONEY,
      sell(BEN, 1, 4),
      sell(ANN, 1, 5),
      buy(ANN, 3, 5, { selfTradePrevention: 'EXPIRE_TAKER' }),
    ],
    last: ['placed', 'trade 1 @ 4', 'ann EXPIRED_IN_MATCH 2'],
  },
  {
    rule: 'EXPIRE_MAKER ends each own order on the way',
    session: [...MONEY, sell(BEN, 1, 4), sell(ANN, 7, 5), sell(BEN, 1, 6), buy(ANN, 2, 6)],
    last: ['placed', 'trade 1 @ 4', 'ann EXPIRED_IN_MATCH 7', 'trade 1 @ 6'],
  },
  {
    rule: 'EXPIRE_BOTH ends the own order first',
    session: [...MONEY, sell(ANN, 7, 5), buy(ANN, 2, 6, { selfTradePrevention: 'EXPIRE_BOTH' })],
    last: ['placed', 'ann EXPIRED_IN_MATCH 7', 'ann EXPIRED_IN_MATCH 2'],
  },
  {
    rule: 'an order that has all it wants meets no own order',
    session: [
      ...MONEY,
      sell(BEN, 1, 4),
      sell(ANN, 1, 4),
      buy(ANN, 1, 5, { selfTradePrevention: 'EXPIRE_BOTH' }),
    ],
    last: ['placed', 'trade 1 @ 4'],
  },
  {
    rule: 'with NONE an account pays itself',
    session: [...MONEY, sell(ANN, 1, 5), buy(ANN, 1, 5, { selfTradePrevention: 'NONE' })],
    last: ['placed', 'trade 1 @ 5'],
  },
  {
    rule: 'a FOK that its own orders would have to fill ends nothing but itself',
    session: [...MONEY, sell(BEN, 1, 4), sell(ANN, 5, 5), buy(ANN, 2, 5, { timeInForce: 'FOK' })],
    last: ['placed', 'ann EXPIRED 2'],
  },
  {
    rule: 'a FOK that fills after own orders ends them',
    session: [...MONEY, sell(ANN, 5, 4), sell(BEN, 2, 5), buy(ANN, 2, 5, { timeInForce: 'FOK' })],
    last: ['placed', 'ann EXPIRED_IN_MATCH 5', 'trade 2 @ 5'],
  },
  {
    rule: 'a FOK that self-trade prevention stops is EXPIRED',
    session: [
      ...MONEY,
      sell(ANN, 1, 4),
      buy(ANN, 1, 5, { timeInForce: 'FOK', selfTradePrevention: 'EXPIRE_BOTH' }),
    ],
    last: ['placed', 'ann EXPIRED 1'],
  },
  {
    rule: 'a maker that was partly filled keeps its place',
    session: [...MONEY, sell(ANN, 3, 5), sell(ANN, 3, 5), buy(BEN, 1, 5), cancelAll(BEN), buy(BEN, 4, 9)],
    last: ['placed', 'trade 2 @ 5', 'trade 2 @ 5'],
  },
  {
    rule: 'an own order is enough liquidity, and enough to be taken',
    session: [...MONEY, sell(ANN, 1, 5), buy(ANN, 1, 5, { type: 'LIMIT_MAKER' })],
    last: ['refused WOULD_TAKE'],
  },
  {
    rule: 'a market buy costs the fills that it would get: nothing, where all is its own',
    session: [deposit(CAT, 'AAA', 10n), sell(CAT, 1, 5), byQuantity(CAT, 'BUY', 3)],
    last: ['placed', 'cat EXPIRED_IN_MATCH 1', 'cat EXPIRED 3'],
  },
  {
    rule: 'a market sale by quantity has to have it all, whatever it would get',
    session: [...MONEY, deposit(CAT, 'AAA', 19n), buy(ANN, 1, 5), byQuantity(CAT, 'SELL', 2)],
    last: ['refused INSUFFICIENT_BALANCE'],
  },
  {
    rule: 'a sale by quote has to have only what it would sell',
    session: [...MONEY, deposit(CAT, 'AAA', 10n), buy(ANN, 1, 5), byQuote(CAT, 'SELL', 3000n)],
    last: ['placed', 'trade 1 @ 5', 'cat EXPIRED null'],
  },
  {
    rule: 'a limit buy has to have its own price, also where it would pay less',
    session: [...MONEY, deposit(CAT, 'CCC', 29n), sell(ANN, 1, 5), buy(CAT, 1, 10)],
    last: ['refused INSUFFICIENT_BALANCE'],
  },
  {
    rule: 'a market order by quantity is worth its quantity at the best price',
    session: [...MONEY, sell(ANN, 1, 5), update({ minNotional: 30n }), byQuantity(BEN, 'BUY', 2)],
    last: ['placed', 'trade 1 @ 5', 'ben EXPIRED 1'],
  },
  {
    rule: 'a fee that comes to nothing moves nothing',
    session: [...MONEY, update({ takerFee: 9_999_999 }), sell(ANN, 1, 5), buy(BEN, 1, 5)],
    last: ['placed', 'trade 1 @ 5'],
  },
  {
    rule: 'fees are rounded down, the taker pays first, each in what it received',
    session: [
      ...MONEY,
      sell(ANN, 1, 5),
      update({ takerFee: 99_999_999, makerFee: 50_000_000 }),
      buy(BEN, 1, 5),
    ],
    last: ['placed', 'trade 1 @ 5', 'ben pays fees 9 AAA', 'ann pays fees 7 CCC'],
  },
  {
    rule: 'the lots of one price stay under 2^53',
    session: [
      ...MONEY,
      buy(ANN, MAX_LOTS, 1, { market: BIG_MARKET.market }),
      buy(BEN, 1, 1, { market: BIG_MARKET.market }),
    ],
    last: ['refused LIMIT_EXCEEDED'],
  },
  {
    rule: 'the lots of one price may be 2^53 - 1, and an order that does not rest adds none',
    session: [
      ...MONEY,
      buy(ANN, MAX_LOTS - 1, 1, { market: BIG_MARKET.market }),
      buy(BEN, 1, 1, { market: BIG_MARKET.market }),
      buy(BEN, 1, 1, { market: BIG_MARKET.market, timeInForce: 'IOC' }),
    ],
    last: ['placed', 'ben EXPIRED 1'],
  },
  {
    rule: 'a GTC order over maxOpenOrders is refused, also where it would not rest',
    session: [...MONEY, update({ maxOpenOrders: 1 }), sell(BEN, 1, 5), buy(ANN, 1, 2), buy(ANN, 1, 5)],
    last: ['refused TOO_MANY_ORDERS'],
  },
  {
    rule: 'an order that does not rest needs a free name all the same',
    session: [
      ...MONEY,
      buy(ANN, 1, 2, { clientOrderId: 'a' }),
      buy(ANN, 1, 2, { clientOrderId: 'a', timeInForce: 'IOC' }),
    ],
    last: ['refused DUPLICATE_CLIENT_ORDER_ID'],
  },
  {
    rule: 'a name is free again once its order is filled, and in another market',
    session: [
      ...MONEY,
      buy(ANN, 1, 5, { clientOrderId: 'a' }),
      buy(ANN, 1, 5, { clientOrderId: 'a', market: BIG_MARKET.market }),
      sell(BEN, 1, 5),
      buy(ANN, 1, 5, { clientOrderId: 'a' }),
    ],
    last: ['placed'],
  },
  {
    rule: 'a price out of range is said before a quantity out of range',
    session: [buy(ANN, 0, 0)],
    last: ['refused PRICE_OUT_OF_RANGE'],
  },
  {
    rule: 'orders that rest stay as they are under new limits, and trade',
    session: [...MONEY, sell(ANN, 50, 50), update({ maxPrice: 60, minPrice: 55 }), buy(BEN, 1, 55)],
    last: ['placed', 'trade 1 @ 50'],
  },
  {
    rule: 'cancel-all goes through the markets by name and gives a count',
    session: [
      ...MONEY,
      buy(ANN, 1, 1, { market: BIG_MARKET.market }),
      buy(ANN, 2, 1),
      buy(ANN, 3, 2),
      buy(BEN, 4, 2),
      cancelAll(ANN),
    ],
    last: ['ann CANCELED 2', 'ann CANCELED 3', 'ann CANCELED 1', 'canceled 3'],
  },
  {
    rule: 'cancel-all without any order is no refusal',
    session: [cancelAll(ANN)],
    last: ['canceled 0'],
  },
  {
    rule: 'a cancel works in HALT',
    session: [...MONEY, buy(ANN, 1, 2, { clientOrderId: 'a' }), update({ status: 'HALT' }), cancel(ANN, 'a')],
    last: ['ann CANCELED 1'],
  },
  {
    rule: "somebody else's order is unknown",
    session: [...MONEY, buy(ANN, 1, 2, { clientOrderId: 'a' }), cancel(BEN, 'a')],
    last: ['refused UNKNOWN_ORDER'],
  },
  {
    rule: 'a known key is compared before its asset is looked up',
    session: [deposit(ANN, 'AAA', 5n, 'k'), deposit(ANN, 'ZZZ', 5n, 'k')],
    last: ['refused DUPLICATE_ID'],
  },
  {
    rule: 'a known key gives its first answer again, whatever came after it',
    session: [deposit(ANN, 'AAA', 5n, 'k'), withdraw(ANN, 'AAA', 5n), deposit(ANN, 'AAA', 5n, 'k')],
    last: ['repeated k'],
  },
  {
    rule: 'deposits and withdrawals share their keys',
    session: [deposit(ANN, 'AAA', 5n, 'k'), withdraw(ANN, 'AAA', 5n, 'k')],
    last: ['refused DUPLICATE_ID'],
  },
  {
    rule: 'a refused transfer remembers no key',
    session: [withdraw(ANN, 'AAA', 5n, 'k'), deposit(ANN, 'AAA', 5n, 'k')],
    last: ['treasury pays ann 5 AAA'],
  },
  {
    rule: 'a key is known for seven days',
    session: [deposit(ANN, 'AAA', 5n, 'k'), { after: WEEK_MS - 1, command: deposit(ANN, 'AAA', 5n, 'k') }],
    last: ['repeated k'],
  },
  {
    rule: 'a key of seven days is unknown',
    session: [deposit(ANN, 'AAA', 5n, 'k'), { after: WEEK_MS, command: deposit(ANN, 'AAA', 6n, 'k') }],
    last: ['treasury pays ann 6 AAA'],
  },
  {
    rule: 'the two oldest keys expire, and the named one besides',
    session: [...FOUR_KEYS, { after: WEEK_MS, command: deposit(CAT, 'CCC', 5n, 'k4') }],
    last: ['treasury pays cat 5 CCC'],
  },
  {
    rule: 'a named key that is one of the two oldest makes no third',
    session: [...FOUR_KEYS, { after: WEEK_MS, command: deposit(CAT, 'CCC', 5n, 'k2') }],
    last: ['treasury pays cat 5 CCC'],
  },
  {
    rule: "a key of the same name expires only for the command's own account",
    session: [
      ...FOUR_KEYS,
      deposit(ANN, 'CCC', 5n, 'k4'),
      { after: WEEK_MS, command: deposit(ANN, 'CCC', 5n, 'k4') },
    ],
    last: ['treasury pays ann 5 CCC'],
  },
  {
    rule: 'keys expire also where the transfer is then refused',
    session: [...FOUR_KEYS, { after: WEEK_MS, command: deposit(ANN, 'ZZZ', 5n) }],
    last: ['refused UNKNOWN_ASSET'],
  },
  {
    rule: 'no key expires by a transfer that came too late',
    session: [
      ...FOUR_KEYS,
      { after: WEEK_MS, command: cancelAll(ANN) },
      { late: deposit(CAT, 'CCC', 5n, 'k4') },
    ],
    last: ['refused EXPIRED_IN_QUEUE'],
  },
  {
    rule: 'of an asset 2^62 may be issued',
    session: [deposit(ANN, 'AAA', MAX_ISSUED - 1n), deposit(BEN, 'AAA', 1n)],
    last: ['treasury pays ben 1 AAA'],
  },
  {
    rule: 'and not one more',
    session: [deposit(ANN, 'AAA', MAX_ISSUED), deposit(BEN, 'AAA', 1n)],
    last: ['refused AMOUNT_OUT_OF_RANGE'],
  },
  {
    rule: 'what was withdrawn may be issued again',
    session: [deposit(ANN, 'AAA', MAX_ISSUED), withdraw(ANN, 'AAA', 1n), deposit(BEN, 'AAA', 1n)],
    last: ['treasury pays ben 1 AAA'],
  },
  {
    rule: 'what is locked cannot be withdrawn',
    session: [deposit(CAT, 'AAA', 19n), sell(CAT, 1, 5), withdraw(CAT, 'AAA', 10n)],
    last: ['refused INSUFFICIENT_BALANCE'],
  },
  {
    rule: "a market's largest order is less than 2^62 of base",
    session: [market({ ...WIDE_LOTS, maxQuantity: 2 })],
    last: ['refused BAD_FIELD'],
  },
  {
    rule: "a market's largest order may be 2^61 of base",
    session: [market({ ...WIDE_LOTS, maxQuantity: 1 })],
    last: ['listed'],
  },
  {
    rule: "a market's largest order is worth less than 2^62",
    session: [update({ maxPrice: 2 ** 31, maxQuantity: 2 ** 31, market: BIG_MARKET.market })],
    last: ['refused BAD_FIELD'],
  },
  {
    rule: "a market's largest order may be worth one step less than 2^62",
    session: [update({ maxPrice: MAX_LOTS, maxQuantity: 511, market: BIG_MARKET.market })],
    last: ['updated'],
  },
  {
    rule: 'an unknown asset is said before a market of one asset only',
    session: [market({ ...MARKET, market: 'C_D', base: 'ZZZ', quote: 'ZZZ' })],
    last: ['refused UNKNOWN_ASSET'],
  },
  {
    rule: 'a market needs two assets',
    session: [market({ ...MARKET, market: 'C_D', base: 'AAA', quote: 'AAA' })],
    last: ['refused BAD_FIELD'],
  },
  {
    rule: 'a tick times a lot must be whole, however long its decimals',
    session: [market({ ...MARKET, market: 'C_D', priceDecimals: 18, tickSize: 10 ** 9, lotSize: 10n ** 8n })],
    last: ['refused BAD_FIELD'],
  },
  {
    rule: 'a price may have 18 decimals',
    session: [market({ ...MARKET, market: 'C_D', priceDecimals: 18, tickSize: 10 ** 15, lotSize: 1000n })],
    last: ['listed'],
  },
  {
    rule: 'and no 19',
    session: [market({ ...MARKET, market: 'C_D', priceDecimals: 19, tickSize: 10 ** 15, lotSize: 10_000n })],
    last: ['refused BAD_FIELD'],
  },
];

t.test('cases that are easy to get wrong', async t => {
  for (const { rule, session, last } of CASES) {
    t.same(lastOf([...LISTING, ...session]), last, rule);
  }
});

t.test('there are at most 10,000 assets', async t => {
  const others = Array.from({ length: 10_000 - 2 }, (_, index) => asset(`A${index}`));
  const last = lastOf([...LISTING, ...others, asset('B')], 'in one batch');
  t.same(last, ['refused LIMIT_EXCEEDED']);
});

/** Told to the exchange alone: the naive one would search its list for ten seconds. */
t.test('there are at most 10,000 markets, whatever their limits', async t => {
  let refusals = 0;
  const exchange = new Exchange(({ kind }) => {
    if (kind === 'REFUSED') refusals++;
  });
  const list = (market: CreateMarket) =>
    exchange.execute({ kind: 'CREATE_MARKET', body: market }, { time: 1, deadline: 1 });
  for (const command of LISTING) exchange.execute(command, { time: 1, deadline: 1 });
  for (let count = 2; count < 10_000; count++) list({ ...MARKET, market: `A${count}_C` });
  t.equal(refusals, 0);
  const answer = list({ ...MARKET, market: 'B_C', minQuantity: 0 });
  t.match(answer, { kind: 'REFUSED', reject: { code: 'LIMIT_EXCEEDED' } });
});

/** The level of 5 takes the place of the level of 4 and gives it back, all in one batch. */
t.test('a price whose level ended and began anew is told as it is then', async t => {
  const run = Recorded.fresh();
  const session = [
    ...MONEY,
    buy(ANN, 1, 5, { clientOrderId: 'a' }),
    buy(ANN, 1, 4, { clientOrderId: 'b' }),
    cancel(ANN, 'a'),
    cancel(ANN, 'b'),
    buy(ANN, 1, 5, { clientOrderId: 'c' }),
    cancel(ANN, 'c'),
    buy(ANN, 2, 4),
    buy(ANN, 3, 5),
  ];
  for (const command of [...LISTING, ...session]) run.execute({ command, timing: { time: 1, deadline: 1 } });
  const [change] = run.endBatch().depth;
  t.same(change!.bids, [
    [5, 3],
    [4, 2],
  ]);
});

/** What the last command did; throws where the exchanges differ. */
function lastOf(session: readonly Moment[], batches: 'one each' | 'in one batch' = 'one each'): string[] {
  const exchanges = new SideBySide();
  let time = 1;
  let events: Event[] = [];
  for (const moment of session) {
    if ('after' in moment) time += moment.after;
    const deadline = 'late' in moment ? time - 1 : time;
    const command = 'late' in moment ? moment.late : 'after' in moment ? moment.command : moment;
    events = exchanges.tell({ command, timing: { time, deadline } });
    if (batches === 'one each') exchanges.endBatch();
  }
  exchanges.endBatch();
  return events.flatMap(inShort);
}

function inShort(event: Event): string[] {
  const { kind, body } = event;
  switch (kind) {
    case 'REFUSED':
      return [`refused ${body.code}`];
    case 'REPEATED':
      return [`repeated ${body.key}`];
    case 'ORDER_PLACED':
      return ['placed'];
    case 'ORDER_ENDED':
      return [`${NAMES.get(body.account)} ${body.status} ${body.remaining}`];
    case 'CANCELED_ALL':
      return [`canceled ${body.orders}`];
    case 'TRADE':
      return [`trade ${body.quantity} @ ${body.price}`, ...paymentsOf(event)];
    case 'MOVED':
      return paymentsOf(event);
    case 'ASSET_CREATED':
    case 'MARKET_CREATED':
      return ['listed'];
    case 'MARKET_UPDATED':
      return ['updated'];
  }
}

/** Who pays whom, without what trader pays trader. */
function paymentsOf(event: Event): string[] {
  const entries = ledgerEntries(event).filter(({ type }) => type !== 'TRADE');
  return entries.flatMap(({ account, asset, amount }, index) =>
    amount < 0n
      ? [`${NAMES.get(account)} pays ${NAMES.get(entries[index + 1]!.account)} ${-amount} ${asset}`]
      : [],
  );
}
