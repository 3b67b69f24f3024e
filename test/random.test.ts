/**
 * Random sessions of a few accounts in two crowded markets: after every command the books, the money and the depth
 * are right (recorded.ts), and all ways of running the session agree (ways.ts). A failure prints the seed and the
 * shortest session found.
 */
import fc from 'fast-check';
import t from 'tap';
import type { Command, PlaceOrder } from '../shared/domain/commands.js';
import { FIRST_USER, MARKET_STATUSES } from '../shared/domain/entities.js';
import { SELF_TRADE_PREVENTIONS, SIDES } from '../shared/domain/orders.js';
import type { Input } from './recorded.js';
import { NO_CHANGE } from './script-markets.js';
import { assertAllWaysAgree } from './ways.js';

const RUNS = 400;
const MAX_COMMANDS = 60;
/** Orders of the large book: more than its arrays have places at first. */
const CROWD = 1400;
const MAKER = FIRST_USER;
const TAKER = FIRST_USER + 1;
const REPLY_TIMEOUT_MS = 1000;
const WEEK_MS = 7 * 24 * 3600 * 1000;
const MARKETS = ['AAA_CCC', 'BBB_CCC'] as const;
const ASSETS = ['AAA', 'BBB', 'CCC'] as const;

/** Odd fees and lots, so that rounding is met; a tick times a lot is 3 units of quote in one market, 7 in the other. */
const LISTING: readonly Command[] = [
  ...ASSETS.map((asset): Command => ({ kind: 'CREATE_ASSET', body: { asset, decimals: 2 } })),
  ...MARKETS.map(
    (market, index): Command => ({
      kind: 'CREATE_MARKET',
      body: {
        market,
        base: market.slice(0, 3),
        quote: 'CCC',
        priceDecimals: 2,
        tickSize: [3, 7][index]!,
        lotSize: 100n,
        minQuantity: 1,
        maxQuantity: 12,
        minPrice: 1,
        maxPrice: 8,
        minNotional: 4n,
        maxOpenOrders: 6,
        makerFee: [1_000_000, 0][index]!,
        takerFee: [33_333_333, 12_345_678][index]!,
        status: 'TRADING',
      },
    }),
  ),
];

const account = fc.integer({ min: FIRST_USER, max: FIRST_USER + 2 });
const market = fc.constantFrom(...MARKETS);
const clientOrderId = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const price = fc.integer({ min: 1, max: 8 });
const quantity = fc.integer({ min: 1, max: 12 });

type Kind = Pick<PlaceOrder, 'type' | 'timeInForce' | 'price' | 'quantity' | 'quoteQuantity'>;

const limitOrder: fc.Arbitrary<Kind> = fc.record({
  type: fc.constant('LIMIT'),
  timeInForce: fc.constantFrom('GTC', 'GTC', 'GTC', 'IOC', 'FOK'),
  price,
  quantity,
  quoteQuantity: fc.constant(null),
});
const postOnlyOrder: fc.Arbitrary<Kind> = fc.record({
  type: fc.constant('LIMIT_MAKER'),
  timeInForce: fc.constant('GTC'),
  price,
  quantity,
  quoteQuantity: fc.constant(null),
});
const marketOrder: fc.Arbitrary<Kind> = fc
  .oneof(
    fc.record({ quantity, quoteQuantity: fc.constant(null) }),
    fc.record({ quantity: fc.constant(null), quoteQuantity: fc.bigInt({ min: 1n, max: 300n }) }),
  )
  .map(size => ({ type: 'MARKET', timeInForce: 'IOC', price: null, ...size }));

const placeOrder: fc.Arbitrary<Command> = fc
  .record({
    name: fc.record({ account, market, clientOrderId }),
    side: fc.constantFrom(...SIDES),
    selfTradePrevention: fc.constantFrom(...SELF_TRADE_PREVENTIONS),
    kind: fc.oneof(
      { arbitrary: limitOrder, weight: 6 },
      { arbitrary: postOnlyOrder, weight: 1 },
      { arbitrary: marketOrder, weight: 2 },
    ),
  })
  .map(({ name, kind, ...rest }) => ({ kind: 'PLACE_ORDER', body: { ...name, ...rest, ...kind } }));

const cancelOrder: fc.Arbitrary<Command> = fc
  .oneof(
    fc.record({
      account,
      orderId: fc.nat(MAX_COMMANDS),
      market: fc.constant(null),
      clientOrderId: fc.constant(null),
    }),
    fc.record({ account, orderId: fc.constant(null), market, clientOrderId }),
  )
  .map(body => ({ kind: 'CANCEL_ORDER', body }));

const cancelAll: fc.Arbitrary<Command> = fc
  .record({ account, market: fc.option(market) })
  .map(body => ({ kind: 'CANCEL_ALL', body }));

const transfer: fc.Arbitrary<Command> = fc
  .record({
    kind: fc.constantFrom('DEPOSIT', 'DEPOSIT', 'WITHDRAW'),
    body: fc.record({
      account,
      asset: fc.constantFrom(...ASSETS),
      amount: fc.bigInt({ min: 1n, max: 900n }),
      key: fc.option(fc.constantFrom('k', 'l')),
    }),
  })
  .map(({ kind, body }) => ({ kind, body }) as Command);

const updateMarket: fc.Arbitrary<Command> = fc
  .record({
    market,
    makerFee: fc.option(fc.integer({ min: 0, max: 50_000_000 })),
    takerFee: fc.option(fc.integer({ min: 0, max: 50_000_000 })),
    status: fc.constantFrom(...Array(4).fill('TRADING'), ...MARKET_STATUSES),
    maxQuantity: fc.option(fc.integer({ min: 1, max: 20 })),
  })
  .map(body => ({ kind: 'UPDATE_MARKET', body: { ...NO_CHANGE, ...body } }));

const command = fc.oneof(
  { arbitrary: placeOrder, weight: 30 },
  { arbitrary: cancelOrder, weight: 4 },
  { arbitrary: cancelAll, weight: 1 },
  { arbitrary: transfer, weight: 4 },
  { arbitrary: updateMarket, weight: 1 },
);

/** How long after the one before it a command comes, and how long after its deadline at the latest. */
const waits = fc.oneof(
  { arbitrary: fc.nat(3), weight: 40 },
  { arbitrary: fc.constantFrom(WEEK_MS - 2, WEEK_MS), weight: 1 },
);
const patience = fc.oneof(
  { arbitrary: fc.constant(REPLY_TIMEOUT_MS), weight: 40 },
  { arbitrary: fc.constantFrom(-1, 0), weight: 1 },
);

interface Step {
  command: Command;
  wait: number;
  patience: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(fc.record({ command, wait: waits, patience }), {
  minLength: 5,
  maxLength: MAX_COMMANDS,
});

t.test('whatever a session brings, every promise is kept and all ways agree', async t => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 5, max: 20 }), (steps, stopEvery) => {
      assertAllWaysAgree(inputsOf(steps), stopEvery);
    }),
    { numRuns: RUNS },
  );
  t.pass('held in every session tried');
});

t.test('a book of many orders on many levels', async t => {
  const commands = [...wideLimits(), ...crowd(), ...sweeps()];
  const timing = { time: 1, deadline: 1 };
  const inputs = [...inputsOf([]), ...commands.map(command => ({ command, timing }))];
  assertAllWaysAgree(inputs, CROWD);
  t.pass('all ways agree');
});

/** Room and money for a large book. */
function wideLimits(): Command[] {
  const limits = { ...NO_CHANGE, maxPrice: 1000, maxOpenOrders: 1000, minNotional: 0n };
  return [
    { kind: 'UPDATE_MARKET', body: { market: MARKETS[0], ...limits } },
    ...[MAKER, TAKER].flatMap(account =>
      ASSETS.map((asset): Command => {
        return { kind: 'DEPOSIT', body: { account, asset, amount: 10n ** 9n, key: null } };
      }),
    ),
  ];
}

/** Orders on 280 levels a side, in no order (37 and 280 have no common factor), the last hundred of the taker. */
function crowd(): Command[] {
  return Array.from({ length: CROWD }, (_, count) => {
    const side = SIDES[count % 2]!;
    const step = ((count >> 1) * 37) % 280;
    return limitOrderOf({
      account: count < CROWD - 100 ? MAKER : TAKER,
      clientOrderId: `o${count}`,
      side,
      price: side === 'BUY' ? 1 + step : 500 + step,
      quantity: 1 + (count % 5),
    });
  });
}

/** Orders that go through many levels, meeting the taker's own orders on the way. */
function sweeps(): Command[] {
  return Array.from({ length: 80 }, (_, count) => {
    const side = SIDES[count % 2]!;
    const price = side === 'BUY' ? 1000 : 1;
    return limitOrderOf({ account: TAKER, clientOrderId: `t${count}`, side, price, quantity: 12 }, 'IOC');
  });
}

function limitOrderOf(
  order: Pick<PlaceOrder, 'account' | 'clientOrderId' | 'side' | 'price' | 'quantity'>,
  timeInForce: PlaceOrder['timeInForce'] = 'GTC',
): Command {
  const rest = { market: MARKETS[0], type: 'LIMIT', quoteQuantity: null } as const;
  return {
    kind: 'PLACE_ORDER',
    body: { ...order, ...rest, timeInForce, selfTradePrevention: 'EXPIRE_MAKER' },
  };
}

/** The steps, at their times, in an exchange that has its listing and some money. */
function inputsOf(steps: readonly Step[]): Input[] {
  let time = 1;
  const inputs: Input[] = [...LISTING, ...funding()].map(command => ({
    command,
    timing: { time, deadline: time },
  }));
  for (const { command, wait, patience } of steps) {
    time += wait;
    inputs.push({ command, timing: { time, deadline: time + patience } });
  }
  return inputs;
}

/** Enough for some orders, not for all. */
function funding(): Command[] {
  return [FIRST_USER, FIRST_USER + 1, FIRST_USER + 2].flatMap(account =>
    ASSETS.map(
      (asset): Command => ({
        kind: 'DEPOSIT',
        body: { account, asset, amount: asset === 'CCC' ? 1500n : 4000n, key: null },
      }),
    ),
  );
}
