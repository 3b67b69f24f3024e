/**
 * Random sessions for a comparison: a few accounts, three assets, two markets with odd terms, and all that can be asked
 * of the exchange, bad requests included.
 *
 * Each session is of a swarm: first is drawn what does not occur in it at all, how rich the accounts are and how large
 * the numbers. So books get deep in some sessions (nobody cancels, nobody crosses), money runs out in others, and in
 * some the products come near 2^62.
 */
import fc from 'fast-check';
import type { Command, PlaceOrder } from '../shared/domain/commands.js';
import { FIRST_USER, type MarketStatus } from '../shared/domain/entities.js';
import { SELF_TRADE_PREVENTIONS, SIDES } from '../shared/domain/orders.js';
import { NO_CHANGE } from './script-markets.js';
import { ASSETS, assetsOf, badTerms, NEW_MARKETS, type Terms, termsOf } from './swarm-markets.js';

const MAX_STEPS = 120;
const REPLY_TIMEOUT_MS = 1000;
const WEEK_MS = 7 * 24 * 3600 * 1000;

/** What a swarm may lack. */
const FEATURES = [
  'CANCEL_ORDER',
  'CANCEL_ALL',
  'DEPOSIT',
  'WITHDRAW',
  'KEYS',
  'LISTING',
  'NEW_LIMITS',
  'NEW_STATUS',
  'DELISTING',
  'LATE',
  'WEEKS',
  'MARKET',
  'BY_QUOTE',
  'LIMIT_MAKER',
  'IOC',
  'FOK',
  ...SELF_TRADE_PREVENTIONS,
  'CROSSING',
  'SAME_NAMES',
  'NONSENSE',
] as const;
type Feature = (typeof FEATURES)[number];

/** What somebody wants at this moment: a command, or one that depends on what there is then. */
export type Intent =
  | Command
  /** Of the open orders, by id or by name; a stranger tries it with somebody else's. */
  | { kind: 'CANCEL_OPEN'; pick: number; byName: boolean; byStranger: boolean }
  /** A transfer that had a key. */
  | { kind: 'TRANSFER_AGAIN'; pick: number };

export interface Step {
  intent: Intent;
  /** Milliseconds after the one before it. */
  wait: number;
  /** Milliseconds from its time to its deadline. */
  patience: number;
}

export interface Session {
  opening: Command[];
  steps: Step[];
  batchSize: number;
}

interface Swarm {
  off: Feature[];
  isLarge: boolean;
  accounts: number;
  wealth: bigint;
  batchSize: number;
  terms: Terms[];
}

export const sessions: fc.Arbitrary<Session> = fc
  .boolean()
  .chain(isLarge => fc.noShrink(swarmOf(isLarge)))
  .chain(swarm =>
    fc.record({
      opening: fc.constant(openingOf(swarm)),
      steps: fc.array(stepOf(swarm), { minLength: 1, maxLength: MAX_STEPS, size: 'max' }),
      batchSize: fc.constant(swarm.batchSize),
    }),
  );

function swarmOf(isLarge: boolean): fc.Arbitrary<Swarm> {
  return fc.record({
    off: fc.oneof(fc.subarray([...FEATURES], { maxLength: 5 }), fc.subarray([...FEATURES])),
    isLarge: fc.constant(isLarge),
    accounts: fc.integer({ min: 3, max: 5 }),
    wealth: fc.constantFrom(...(isLarge ? [2n ** 55n, 2n ** 60n] : [400n, 3000n, 100_000n, 100_000n])),
    batchSize: fc.constantFrom(1, 1, 1, 7, 20),
    terms: termsOf(isLarge),
  });
}

function openingOf({ isLarge, accounts, wealth, terms }: Swarm): Command[] {
  const deposits = ASSETS.flatMap(asset =>
    Array.from({ length: accounts }, (_, index): Command => {
      return {
        kind: 'DEPOSIT',
        body: { account: FIRST_USER + index, asset, amount: wealth, key: null },
      };
    }),
  );
  return [
    ...assetsOf(isLarge),
    ...terms.map((body): Command => ({ kind: 'CREATE_MARKET', body })),
    ...deposits,
  ];
}

function stepOf(swarm: Swarm): fc.Arbitrary<Step> {
  const has = hasOf(swarm);
  return fc.record({
    intent: intentOf(swarm),
    wait: rarely(has('WEEKS'), fc.constantFrom(WEEK_MS / 2, WEEK_MS - 1, WEEK_MS), fc.nat(2)),
    patience: rarely(has('LATE'), fc.constantFrom(-1, 0), fc.constant(REPLY_TIMEOUT_MS)),
  });
}

function hasOf({ off }: Swarm): (feature: Feature) => boolean {
  return feature => !off.includes(feature);
}

function rarely<T>(possible: boolean, rare: fc.Arbitrary<T>, usual: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return possible ? fc.oneof({ arbitrary: usual, weight: 15 }, { arbitrary: rare, weight: 1 }) : usual;
}

function intentOf(swarm: Swarm): fc.Arbitrary<Intent> {
  const has = hasOf(swarm);
  const weightOf = (feature: Feature, weight: number) => (has(feature) ? weight : 0);
  return fc.oneof<fc.WeightedArbitrary<Intent>[]>(
    { arbitrary: orderIn(swarm.terms[0]!, swarm), weight: 36 },
    { arbitrary: orderIn(swarm.terms[1]!, swarm), weight: 12 },
    { arbitrary: orderInNewMarket(swarm), weight: weightOf('LISTING', 2) },
    { arbitrary: cancelOpen, weight: weightOf('CANCEL_ORDER', 5) },
    { arbitrary: blindCancel(swarm), weight: weightOf('CANCEL_ORDER', 2) },
    { arbitrary: cancelAll(swarm), weight: weightOf('CANCEL_ALL', 1) },
    { arbitrary: transfer('DEPOSIT', swarm), weight: weightOf('DEPOSIT', 4) },
    { arbitrary: transfer('WITHDRAW', swarm), weight: weightOf('WITHDRAW', 4) },
    { arbitrary: transferAgain, weight: weightOf('KEYS', 3) },
    { arbitrary: createAsset, weight: weightOf('LISTING', 2) },
    { arbitrary: createMarket(swarm), weight: weightOf('LISTING', 4) },
    { arbitrary: updateLimits(swarm), weight: weightOf('NEW_LIMITS', 2) },
    { arbitrary: updateStatus(swarm), weight: weightOf('NEW_STATUS', 1) },
  );
}

function accountOf({ accounts }: Swarm): fc.Arbitrary<number> {
  return fc.integer({ min: FIRST_USER, max: FIRST_USER + accounts - 1 });
}

function marketOf({ terms }: Swarm): fc.Arbitrary<string> {
  return fc.constantFrom(...terms.map(({ market }) => market), ...NEW_MARKETS);
}

function nameOf(swarm: Swarm): fc.Arbitrary<string> {
  const few = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  return hasOf(swarm)('SAME_NAMES') ? few : fc.nat(999_999).map(number => `n${number}`);
}

/** Numbers of a range: near both its ends and of every size between; where nonsense occurs, also just outside of it. */
function between(min: number, max: number, swarm: Swarm): fc.Arbitrary<number> {
  const even = fc.integer({ min, max });
  const sized = fc.integer({ min: 0, max: Math.floor(Math.log2(max)) }).map(power => 2 ** power);
  const edge = fc.constantFrom(min, Math.max(min, max - 1), max);
  const usual = swarm.isLarge ? fc.oneof(sized, sized, edge, even) : even;
  const nonsense = fc.constantFrom(0, min - 1, Math.min(max + 1, Number.MAX_SAFE_INTEGER));
  return rarely(hasOf(swarm)('NONSENSE'), nonsense, usual);
}

type Size = Pick<PlaceOrder, 'price' | 'quantity' | 'quoteQuantity'>;
type Form = Size & Pick<PlaceOrder, 'type' | 'timeInForce' | 'side'>;

function orderIn(terms: Terms, swarm: Swarm): fc.Arbitrary<Command> {
  const has = hasOf(swarm);
  const modes = SELF_TRADE_PREVENTIONS.filter(has);
  const body = fc.record({
    account: accountOf(swarm),
    clientOrderId: nameOf(swarm),
    selfTradePrevention: fc.constantFrom(...(modes.length > 0 ? modes : SELF_TRADE_PREVENTIONS)),
    form: fc.oneof(
      { arbitrary: limitForm('LIMIT', 'GTC', { terms, swarm }), weight: 6 },
      { arbitrary: limitForm('LIMIT', 'IOC', { terms, swarm }), weight: has('IOC') ? 2 : 0 },
      { arbitrary: limitForm('LIMIT', 'FOK', { terms, swarm }), weight: has('FOK') ? 2 : 0 },
      { arbitrary: limitForm('LIMIT_MAKER', 'GTC', { terms, swarm }), weight: has('LIMIT_MAKER') ? 1 : 0 },
      { arbitrary: marketForm(terms, swarm), weight: has('MARKET') ? 2 : 0 },
      { arbitrary: quoteForm(swarm), weight: has('BY_QUOTE') ? 2 : 0 },
    ),
  });
  return body.map(({ form, ...rest }) => ({
    kind: 'PLACE_ORDER',
    body: { ...rest, ...form, market: terms.market },
  }));
}

function limitForm(
  type: PlaceOrder['type'],
  timeInForce: PlaceOrder['timeInForce'],
  { terms, swarm }: { terms: Terms; swarm: Swarm },
): fc.Arbitrary<Form> {
  const manner = hasOf(swarm)('CROSSING')
    ? fc.constantFrom('ANY', 'SHY', 'SHY', 'EAGER')
    : fc.constant('SHY');
  return fc
    .record({
      side: fc.constantFrom(...SIDES),
      price: between(terms.minPrice, terms.maxPrice, swarm),
      quantity: between(terms.minQuantity, terms.maxQuantity, swarm),
      manner,
    })
    .map(({ side, price, quantity, manner }) => ({
      type,
      timeInForce,
      side,
      price: manner === 'ANY' ? price : onHalf((side === 'BUY') === (manner === 'EAGER'), price, terms),
      quantity,
      quoteQuantity: null,
    }));
}

/** The price, or the nearest one in the upper or lower half of what the market allows. */
function onHalf(upper: boolean, price: number, { minPrice, maxPrice }: Terms): number {
  const middle = Math.ceil((minPrice + maxPrice) / 2);
  return upper ? Math.max(price, middle) : Math.min(price, middle - 1);
}

const MARKET_FORM = { type: 'MARKET', timeInForce: 'IOC', price: null } as const;

function marketForm(terms: Terms, swarm: Swarm): fc.Arbitrary<Form> {
  return fc
    .record({
      side: fc.constantFrom(...SIDES),
      quantity: between(terms.minQuantity, terms.maxQuantity, swarm),
    })
    .map(form => ({ ...MARKET_FORM, ...form, quoteQuantity: null }));
}

function quoteForm(swarm: Swarm): fc.Arbitrary<Form> {
  return fc
    .record({ side: fc.constantFrom(...SIDES), quoteQuantity: amountOf(swarm) })
    .map(form => ({ ...MARKET_FORM, ...form, quantity: null }));
}

/** A market that may have been created meanwhile, on whatever terms. */
function orderInNewMarket(swarm: Swarm): fc.Arbitrary<Command> {
  return fc
    .constantFrom(...NEW_MARKETS)
    .chain(market => orderIn({ ...swarm.terms[0]!, market, maxPrice: 8, maxQuantity: 12 }, swarm));
}

const cancelOpen: fc.Arbitrary<Intent> = fc.record({
  kind: fc.constant('CANCEL_OPEN'),
  pick: fc.nat(99),
  byName: fc.boolean(),
  byStranger: rarely(true, fc.constant(true), fc.constant(false)),
});

const transferAgain: fc.Arbitrary<Intent> = fc.record({
  kind: fc.constant('TRANSFER_AGAIN'),
  pick: fc.nat(99),
});

function blindCancel(swarm: Swarm): fc.Arbitrary<Command> {
  const byId = fc.record({
    account: accountOf(swarm),
    orderId: fc.nat(MAX_STEPS),
    market: fc.constant(null),
    clientOrderId: fc.constant(null),
  });
  const byName = fc.record({
    account: accountOf(swarm),
    orderId: fc.constant(null),
    market: marketOf(swarm),
    clientOrderId: nameOf(swarm),
  });
  return fc.oneof(byId, byName).map(body => ({ kind: 'CANCEL_ORDER', body }));
}

function cancelAll(swarm: Swarm): fc.Arbitrary<Command> {
  return fc
    .record({ account: accountOf(swarm), market: fc.option(marketOf(swarm), { freq: 2 }) })
    .map(body => ({ kind: 'CANCEL_ALL', body }));
}

function amountOf(swarm: Swarm): fc.Arbitrary<bigint> {
  const sized = fc.integer({ min: 0, max: 62 }).map(power => 2n ** BigInt(power));
  const edge = fc.constantFrom(2n ** 60n, 2n ** 62n - 1n, 2n ** 62n, 2n ** 62n + 1n, 2n ** 63n - 1n);
  const small = fc.oneof(fc.constantFrom(1n, 5n, 100n, 700n), fc.bigInt({ min: 1n, max: 3000n }));
  const usual = swarm.isLarge ? fc.oneof(sized, edge) : small;
  return rarely(hasOf(swarm)('NONSENSE'), fc.constantFrom(0n, -1n, -(2n ** 63n) + 1n), usual);
}

function transfer(kind: 'DEPOSIT' | 'WITHDRAW', swarm: Swarm): fc.Arbitrary<Command> {
  const has = hasOf(swarm);
  const key = has('KEYS') ? fc.option(fc.constantFrom('k', 'l', 'm', 'n', 'o')) : fc.constant(null);
  return fc
    .record({
      account: accountOf(swarm),
      asset: rarely(has('NONSENSE'), fc.constantFrom('DDD', 'ZZZ'), fc.constantFrom(...ASSETS)),
      amount: amountOf(swarm),
      key,
    })
    .map(body => ({ kind, body }));
}

const createAsset: fc.Arbitrary<Command> = fc
  .record({ asset: fc.constantFrom('AAA', 'DDD', 'EEE'), decimals: fc.integer({ min: 0, max: 9 }) })
  .map(body => ({ kind: 'CREATE_ASSET', body }));

function createMarket(swarm: Swarm): fc.Arbitrary<Command> {
  return fc
    .record({
      terms: termsOf(false).map(([terms]) => terms!),
      market: marketOf(swarm),
      base: fc.constantFrom(...ASSETS, 'DDD', 'EEE'),
      quote: fc.constantFrom(...ASSETS, 'DDD', 'EEE'),
      bad: fc.option(badTerms, { freq: 2 }),
    })
    .map(({ terms, bad, ...names }) => ({
      kind: 'CREATE_MARKET',
      body: { ...terms, ...names, ...bad },
    }));
}

function updateLimits(swarm: Swarm): fc.Arbitrary<Command> {
  const small = {
    minQuantity: fc.option(fc.integer({ min: 0, max: 4 })),
    maxQuantity: fc.option(fc.integer({ min: 3, max: 20 })),
    minPrice: fc.option(fc.integer({ min: 0, max: 4 })),
    maxPrice: fc.option(fc.integer({ min: 3, max: 10 })),
    minNotional: fc.option(fc.bigInt({ min: -1n, max: 40n })),
  };
  const asTheyAre = {
    minQuantity: fc.constant(null),
    maxQuantity: fc.constant(null),
    minPrice: fc.constant(null),
    maxPrice: fc.constant(null),
    minNotional: fc.constant(null),
  };
  return fc
    .record({
      market: marketOf(swarm),
      ...(swarm.isLarge ? asTheyAre : small),
      maxOpenOrders: fc.option(fc.integer({ min: 0, max: 8 })),
      makerFee: fc.option(fc.constantFrom(0, 1, 12_345_678, 99_999_999)),
      takerFee: fc.option(fc.constantFrom(0, 3, 50_000_000, 99_999_999, 100_000_000)),
      status: fc.constant(null),
    })
    .map(body => ({ kind: 'UPDATE_MARKET', body }));
}

function updateStatus(swarm: Swarm): fc.Arbitrary<Command> {
  return fc
    .record<{ market: string; status: MarketStatus }>({
      market: marketOf(swarm),
      status: hasOf(swarm)('DELISTING')
        ? fc.constantFrom('TRADING', 'DELISTED')
        : fc.constantFrom('TRADING', 'TRADING', 'CANCEL_ONLY', 'HALT'),
    })
    .map(body => ({ kind: 'UPDATE_MARKET', body: { ...NO_CHANGE, ...body } }));
}
