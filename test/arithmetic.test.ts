/**
 * No number is ever wrong (docs: integers inside): what lies within a limit is exact to the unit up to the limit
 * itself, what lies past it is refused with the code of docs/RULES.md, and nothing wraps or is rounded on the way. The
 * expected numbers are computed here, in BigInt.
 *
 * Ticks, lots and level totals go up to 2^53 - 1, amounts of one order to 2^62 - 1, an asset's total to 2^62. Products
 * on the way go further: an amount times a fee rate to 2^89, the value of a market order to 2^106.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { FEES, FIRST_USER } from '../shared/domain/entities.js';
import type { Trade } from '../shared/domain/events.js';
import { BASE, BUYER, MARKET, OneMarket, QUOTE, SELLER } from './one-market.js';

const MAX_SAFE = Number.MAX_SAFE_INTEGER;
/** What an asset's total may come to, and what the amounts of one order stay under. */
const MAX_AMOUNT = 2n ** 62n;
const MAX_INT64 = 2n ** 63n - 1n;
const FEE_SCALE = 10n ** 8n;
const MAX_FEE = 99_999_999;
const RUNS = 300;

// ---- terms of a market

/** Whole numbers of every size up to a limit, those next to a power of two and next to the limit above all. */
function upTo(max: bigint): fc.Arbitrary<bigint> {
  const bits = max.toString(2).length;
  const power = fc.integer({ min: 0, max: bits - 1 }).map(exponent => 2n ** BigInt(exponent));
  const nearPower = fc.tuple(power, fc.constantFrom(-1n, 0n, 1n)).map(([power, step]) => power + step);
  const nearMax = fc.bigInt({ min: 0n, max: 2n }).map(step => max - step);
  return fc
    .oneof(nearPower, nearPower, nearPower, nearMax, fc.bigInt({ min: 1n, max }))
    .map(value => (value < 1n ? 1n : value > max ? max : value));
}

const steps = upTo(BigInt(MAX_SAFE)).map(Number);
const rate = fc.oneof(fc.constantFrom(0, 1, MAX_FEE), fc.integer({ min: 0, max: MAX_FEE }));

interface Scale {
  tickSize: number;
  lotSize: bigint;
  priceDecimals: number;
  base: number;
  quote: number;
}

/** Also such as give no whole tick-lot value, or one past 64 bits. */
const scales: fc.Arbitrary<Scale> = fc.record({
  tickSize: fc.oneof(fc.constant(1), steps),
  lotSize: fc.oneof(upTo(2n ** 30n), upTo(MAX_INT64)),
  priceDecimals: fc.constantFrom(0, 0, 1, 18),
  base: fc.constantFrom(0, 0, 8),
  quote: fc.constantFrom(0, 0, 8),
});

/** Where the largest order comes to the limit, or just past it: anywhere, in its lots, in its value. */
type Closeness = 'ANYWHERE' | 'LOTS' | 'VALUE';
const closeness = fc.constantFrom<Closeness[]>('ANYWHERE', 'LOTS', 'VALUE');

t.test('a market is created exactly where its largest order stays under 2^62', async t => {
  const outcomes = { CATALOG: 0, BAD_FIELD: 0 };
  fc.assert(
    fc.property(scales, steps, steps, closeness, (scale, quantity, price, closeness) => {
      const { lotSize } = scale;
      const value = tickLotValueOf(scale);
      const { maxQuantity, maxPrice } = near(closeness, { quantity, price, lotSize, value });
      const fits =
        value > 0n &&
        maxQuantity >= 1 &&
        BigInt(maxQuantity) * lotSize < MAX_AMOUNT &&
        BigInt(maxQuantity) * BigInt(maxPrice) * value < MAX_AMOUNT;
      const outcome = fits ? 'CATALOG' : 'BAD_FIELD';
      assert.equal(listingOf({ ...scale, maxQuantity, maxPrice }), outcome);
      outcomes[outcome]++;
    }),
    { numRuns: 2 * RUNS },
  );
  t.ok(outcomes.CATALOG > RUNS / 20 && outcomes.BAD_FIELD > RUNS / 20, JSON.stringify(outcomes));
});

function near(
  closeness: Closeness,
  { quantity, price, lotSize, value }: { quantity: number; price: number; lotSize: bigint; value: bigint },
): { maxQuantity: number; maxPrice: number } {
  const most = MAX_AMOUNT - 1n;
  const past = BigInt(price % 2);
  if (closeness === 'LOTS') return { maxQuantity: atMost(quantity, most / lotSize + past), maxPrice: 1 };
  if (closeness === 'ANYWHERE' || value === 0n || value > most)
    return { maxQuantity: quantity, maxPrice: price };
  const maxQuantity = atMost(quantity, most / value);
  return { maxQuantity, maxPrice: atMost(MAX_SAFE, most / (BigInt(maxQuantity) * value) + past) };
}

for (const { what, terms } of [
  { what: 'of 2^64, which wraps to nothing', terms: { tickSize: 2 ** 32, lotSize: 2n ** 32n } },
  { what: 'of 2^64 + 2^33 + 1', terms: { tickSize: 2 ** 32 + 1, lotSize: 2n ** 32n + 1n } },
  { what: 'that wraps below zero', terms: { tickSize: 2 ** 31, lotSize: 2n ** 32n } },
  { what: 'whose lot alone is 2^62', terms: { tickSize: 1, lotSize: MAX_AMOUNT } },
  { what: 'whose largest order is 2^62', terms: { maxQuantity: 2 ** 31, maxPrice: 2 ** 31 } },
  { what: 'whose largest order is 2^64', terms: { maxQuantity: 2 ** 32, maxPrice: 2 ** 32 } },
  { what: 'whose largest order is 2^106', terms: { maxQuantity: MAX_SAFE, maxPrice: MAX_SAFE } },
]) {
  t.test(`a market ${what} is refused`, async t => {
    const market = new OneMarket({});
    const [base, quote] = [QUOTE, BASE];
    t.equal(market.list({ market: `${base}_${quote}`, base, quote, ...terms }), 'BAD_FIELD');
  });
}

t.test(
  'a market whose largest order is 2^62 units of base is refused, however little it is worth',
  async t => {
    const scale = { tickSize: 5 ** 8, lotSize: 2n ** 61n, priceDecimals: 0, base: 8, quote: 0 };

    t.equal(tickLotValueOf(scale), 2n ** 53n);
    t.equal(listingOf({ ...scale, maxQuantity: 2, maxPrice: 1 }), 'BAD_FIELD');
    t.equal(listingOf({ ...scale, maxQuantity: 1, maxPrice: 1 }), 'CATALOG');
  },
);

t.test('the limits of a market go up to the last product under 2^62 and not further', async t => {
  fc.assert(
    fc.property(steps, upTo(2n ** 20n), (quantity, value) => {
      if (BigInt(quantity) * value >= MAX_AMOUNT) return;
      const market = new OneMarket({ lotSize: value, maxQuantity: 1 });
      const maxPrice = largestPrice(quantity, value);
      const given = { maxQuantity: quantity, maxPrice };
      assert.equal(market.update(given), 'CATALOG');
      if (maxPrice === MAX_SAFE) return;
      assert.equal(market.update({ maxPrice: maxPrice + 1 }), 'BAD_FIELD');
      assert.equal(market.update({ ...given, maxPrice: maxPrice + 1 }), 'BAD_FIELD');
    }),
    { numRuns: RUNS },
  );
  t.pass('held for every market tried');
});

/** Zero where it is no whole number. */
function tickLotValueOf({ tickSize, lotSize, priceDecimals, base, quote }: Scale): bigint {
  const numerator = BigInt(tickSize) * lotSize * 10n ** BigInt(quote);
  const denominator = 10n ** BigInt(priceDecimals + base);
  return numerator % denominator === 0n ? numerator / denominator : 0n;
}

/** The highest price at which so many lots stay under 2^62; at least 1. */
function largestPrice(quantity: number, value: bigint): number {
  const price = (MAX_AMOUNT - 1n) / (BigInt(quantity) * value);
  return price < 1n ? 1 : Number(price > BigInt(MAX_SAFE) ? MAX_SAFE : price);
}

function listingOf({ base, quote, ...terms }: Scale & { maxQuantity: number; maxPrice: number }): string {
  const market = new OneMarket({});
  market.tell({ kind: 'CREATE_ASSET', body: { asset: 'B', decimals: base } });
  market.tell({ kind: 'CREATE_ASSET', body: { asset: 'Q', decimals: quote } });
  return market.list({ market: 'B_Q', base: 'B', quote: 'Q', ...terms });
}

// ---- orders and trades

interface Deal {
  quantity: number;
  price: number;
  lotSize: bigint;
  tickSize: number;
  makerFee: number;
  takerFee: number;
  side: 'BUY' | 'SELL';
}

/** A trade of any size that a market may have, half of them as large as a market may have. */
const deals: fc.Arbitrary<Deal> = fc
  .record({
    quantity: steps,
    price: steps,
    lotSize: upTo(2n ** 61n),
    tickSize: fc.oneof(fc.constant(1), steps),
    isLargest: fc.boolean(),
    fees: fc.tuple(rate, rate),
    side: fc.constantFrom('BUY' as const, 'SELL' as const),
  })
  .map(({ quantity, price, lotSize, tickSize, isLargest, fees: [makerFee, takerFee], side }) => {
    const lots = atMost(quantity, (MAX_AMOUNT - 1n) / lotSize);
    const ticks = atMost(tickSize, (MAX_AMOUNT - 1n) / (BigInt(lots) * lotSize));
    const largest = largestPrice(lots, lotSize * BigInt(ticks));
    return {
      quantity: lots,
      price: isLargest ? largest : Math.min(price, largest),
      lotSize,
      tickSize: ticks,
      makerFee,
      takerFee,
      side,
    };
  });

function atMost(number: number, limit: bigint): number {
  return BigInt(number) > limit ? Number(limit) : number;
}

t.test('an order of any size costs exactly its amount, and a unit less does not pay it', async t => {
  fc.assert(
    fc.property(deals, deal => {
      const market = marketOf(deal);
      const { quantity, price } = deal;
      for (const { account, asset, amount, side } of partiesOf(deal)) {
        const order = { account, side, price: side === 'BUY' ? price : deal.price, quantity };
        if (amount > 1n) assert.equal(market.deposit(account, asset, amount - 1n), 'TRANSFERRED');
        const refused = market.answerTo(order);
        assert(refused.kind === 'REFUSED');
        const { code, needed, available } = refused.reject;
        assert.deepEqual(
          { code, needed, available },
          { code: 'INSUFFICIENT_BALANCE', needed: amount, available: amount - 1n },
        );
        assert.equal(market.deposit(account, asset, 1n), 'TRANSFERRED');
        assert.equal(market.place({ ...order, timeInForce: 'IOC' }), 'ORDER');
        assert.deepEqual(market.balance(account, asset), [amount, 0n]);
        assert.equal(market.place({ ...order, type: 'LIMIT_MAKER' }), 'ORDER');
        assert.deepEqual(market.balance(account, asset), [0n, amount]);
        market.tell({ kind: 'CANCEL_ALL', body: { account, market: MARKET } });
        assert.deepEqual(market.balance(account, asset), [amount, 0n]);
      }
    }),
    { numRuns: RUNS },
  );
  t.pass('held for every order tried');
});

t.test('a trade of any size moves exactly its amounts and its fees, rounded down', async t => {
  let pastInt64 = 0;
  fc.assert(
    fc.property(deals, deal => {
      const market = marketOf(deal);
      const [baseAmount, quoteAmount] = amountsOf(deal);
      tradeWhole(market, deal);
      const buyerRate = deal.side === 'BUY' ? deal.takerFee : deal.makerFee;
      const sellerRate = deal.side === 'BUY' ? deal.makerFee : deal.takerFee;
      const buyerFee = (baseAmount * BigInt(buyerRate)) / FEE_SCALE;
      const sellerFee = (quoteAmount * BigInt(sellerRate)) / FEE_SCALE;
      assert.deepEqual(market.balance(BUYER, BASE), [baseAmount - buyerFee, 0n]);
      assert.deepEqual(market.balance(BUYER, QUOTE), [0n, 0n]);
      assert.deepEqual(market.balance(SELLER, QUOTE), [quoteAmount - sellerFee, 0n]);
      assert.deepEqual(market.balance(SELLER, BASE), [0n, 0n]);
      assert.deepEqual(market.balance(FEES, BASE), [buyerFee, 0n]);
      assert.deepEqual(market.balance(FEES, QUOTE), [sellerFee, 0n]);
      assertPaidInFull(market);
      if (quoteAmount * BigInt(sellerRate) > MAX_INT64) pastInt64++;
    }),
    { numRuns: RUNS },
  );
  t.ok(pastInt64 > RUNS / 10, `in ${pastInt64} of ${RUNS} trades an amount times its rate passed 2^63`);
});

t.test('the fee on 2^62 - 1 units at just under 100 % leaves what rounding leaves', async t => {
  const market = new OneMarket({ makerFee: MAX_FEE, takerFee: MAX_FEE });
  const deal = { quantity: 2 ** 31 - 1, price: 2 ** 31 + 1 };
  market.update({ maxQuantity: deal.quantity, maxPrice: deal.price });
  market.deposit(BUYER, QUOTE, MAX_AMOUNT - 1n);
  market.deposit(SELLER, BASE, BigInt(deal.quantity));
  market.place({ account: BUYER, side: 'BUY', ...deal });
  market.place({ account: SELLER, side: 'SELL', ...deal });

  const fee = ((MAX_AMOUNT - 1n) * BigInt(MAX_FEE)) / FEE_SCALE;
  t.equal(fee, 4_611_685_972_310_527_718n, 'as worked out by hand');
  t.same(market.balance(SELLER, QUOTE), [MAX_AMOUNT - 1n - fee, 0n]);
  t.same(market.balance(FEES, QUOTE), [fee, 0n]);
});

t.test('one unit is too little for any fee', async t => {
  const market = new OneMarket({ makerFee: MAX_FEE, takerFee: MAX_FEE });
  tradeWhole(market, { quantity: 1, price: 1, side: 'BUY', lotSize: 1n, tickSize: 1 });

  t.same(market.balance(BUYER, BASE), [1n, 0n]);
  t.same(market.balance(SELLER, QUOTE), [1n, 0n]);
  t.notOk(market.entries.some(({ type }) => type === 'FEE'));
  t.match(market.trades, [{ takerFee: 0n, takerFeeAfter: null, makerFee: 0n, makerFeeAfter: null }]);
});

t.test('the least value of an order is compared at its full size', async t => {
  const [quantity, price] = [2 ** 31, 2 ** 31 - 1];
  const value = BigInt(quantity) * BigInt(price);
  const market = new OneMarket({ maxQuantity: quantity, maxPrice: price, minNotional: value + 1n });
  market.deposit(BUYER, QUOTE, value);

  t.equal(market.place({ account: BUYER, side: 'BUY', quantity, price }), 'MIN_NOTIONAL');
  market.update({ minNotional: MAX_INT64 });
  t.equal(market.place({ account: BUYER, side: 'BUY', quantity, price }), 'MIN_NOTIONAL');
  market.update({ minNotional: value });
  t.equal(market.place({ account: BUYER, side: 'BUY', quantity: quantity - 1, price }), 'MIN_NOTIONAL');
  t.equal(market.place({ account: BUYER, side: 'BUY', quantity, price }), 'ORDER');
});

function marketOf({ quantity, price, side: _, ...terms }: Deal): OneMarket {
  return new OneMarket({ ...terms, maxQuantity: quantity, maxPrice: price });
}

type Size = Pick<Deal, 'quantity' | 'price' | 'lotSize' | 'tickSize' | 'side'>;

/** `[base, quote]`: without decimals, a tick times a lot is worth just that. */
function amountsOf({ quantity, price, lotSize, tickSize }: Size): [bigint, bigint] {
  const baseAmount = BigInt(quantity) * lotSize;
  return [baseAmount, baseAmount * BigInt(tickSize) * BigInt(price)];
}

/** Maker first. */
function partiesOf(deal: Size) {
  const [baseAmount, quoteAmount] = amountsOf(deal);
  const buyer = { account: BUYER, side: 'BUY', asset: QUOTE, amount: quoteAmount } as const;
  const seller = { account: SELLER, side: 'SELL', asset: BASE, amount: baseAmount } as const;
  return deal.side === 'BUY' ? [seller, buyer] : [buyer, seller];
}

/** Both parties have just what they need; the taker's side is the deal's. */
function tradeWhole(market: OneMarket, deal: Size): void {
  const { quantity, price } = deal;
  for (const { account, asset, amount, side } of partiesOf(deal)) {
    assert.equal(market.deposit(account, asset, amount), 'TRANSFERRED');
    assert.equal(market.place({ account, side, quantity, price }), 'ORDER');
  }
}

/** For each trade: what one side pays is what the other keeps and what it is charged, to the unit. */
function assertPaidInFull(market: OneMarket): void {
  for (const trade of market.trades) {
    const reference = `${MARKET}:${trade.tradeId}`;
    const entries = market.entries.filter(entry => entry.reference === reference);
    for (const asset of [BASE, QUOTE]) {
      const [payer, receiver] = asset === BASE ? [SELLER, BUYER] : [BUYER, SELLER];
      const changes = new Map([payer, receiver, FEES].map(account => [account, 0n]));
      for (const { account, amount } of entries.filter(entry => entry.asset === asset)) {
        changes.set(account, changes.get(account)! + amount);
      }
      const paid = asset === BASE ? trade.baseAmount : trade.quoteAmount;
      const fee = feeIn(asset, trade);
      assert.deepEqual([...changes.values()], [-paid, paid - fee, fee], `${asset} of trade ${trade.tradeId}`);
    }
  }
}

/** The buyer's fee is in base, the seller's in quote. */
function feeIn(asset: string, { buyerIsMaker, makerFee, takerFee }: Trade): bigint {
  return (asset === BASE) === buyerIsMaker ? makerFee : takerFee;
}

// ---- one order in many fills

interface Split {
  fills: number[];
  price: number;
  lotSize: bigint;
  makerFee: number;
  takerFee: number;
  side: 'BUY' | 'SELL';
}

const splits: fc.Arbitrary<Split> = fc.record({
  fills: fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 10 ** 9 })), {
    minLength: 1,
    maxLength: 12,
  }),
  price: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1_000_000 })),
  lotSize: fc.oneof(fc.constant(1n), fc.bigInt({ min: 1n, max: 300n })),
  makerFee: rate,
  takerFee: rate,
  side: fc.constantFrom('BUY' as const, 'SELL' as const),
});

/**
 * A fee is rounded down, and with N fills N times: each loses less than a unit, so together they cost at most what one
 * fill of them all costs, and less by N - 1 units at most.
 */
t.test('an order in many fills never pays more than in one, and less by less than a unit each', async t => {
  let cheaper = 0;
  fc.assert(
    fc.property(splits, split => {
      const whole = sum(split.fills);
      const one = feesOf(split, [whole], [whole]);
      const many = split.fills.length;
      for (const fees of [feesOf(split, split.fills, [whole]), feesOf(split, [whole], split.fills)]) {
        for (const side of ['maker', 'taker'] as const) {
          const saved = one[side] - fees[side];
          assert.ok(saved >= 0n && saved < BigInt(many), `${side} in ${many} fills saved ${saved}`);
          if (saved > 0n) cheaper++;
        }
      }
    }),
    { numRuns: RUNS },
  );
  t.ok(cheaper > RUNS / 10, `rounding was met ${cheaper} times`);
});

/** What both sides pay in fees in all when orders of these sizes rest and orders of those sizes take them. */
function feesOf(split: Split, makers: readonly number[], takers: readonly number[]) {
  const { price, lotSize, makerFee, takerFee, side } = split;
  const quantity = sum(makers);
  const deal: Deal = { quantity, price, lotSize, makerFee, takerFee, side, tickSize: 1 };
  const market = marketOf(deal);
  const [maker, taker] = partiesOf(deal);
  for (const { party, sizes } of [
    { party: maker!, sizes: makers },
    { party: taker!, sizes: takers },
  ]) {
    market.deposit(party.account, party.asset, party.amount);
    for (const quantity of sizes) {
      assert.equal(market.place({ account: party.account, side: party.side, quantity, price }), 'ORDER');
    }
  }
  const { trades } = market;
  assert.equal(trades.length, Math.max(makers.length, takers.length));
  assertPaidInFull(market);
  return {
    maker: trades.reduce((fees, { makerFee }) => fees + makerFee, 0n),
    taker: trades.reduce((fees, { takerFee }) => fees + takerFee, 0n),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

// ---- deposits and balances

t.test('an asset is issued up to 2^62 units exactly, whoever gets them', async t => {
  const amounts = fc.array(upTo(MAX_INT64), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(amounts, amounts => {
      const market = new OneMarket({});
      let issued = 0n;
      for (const [index, amount] of amounts.entries()) {
        const account = FIRST_USER + (index % 3);
        const fits = issued + amount <= MAX_AMOUNT;
        assert.equal(
          market.deposit(account, BASE, amount),
          fits ? 'TRANSFERRED' : 'AMOUNT_OUT_OF_RANGE',
          `${amount} on top of ${issued}`,
        );
        if (fits) issued += amount;
      }
      if (issued < MAX_AMOUNT) assert.equal(market.deposit(BUYER, BASE, MAX_AMOUNT - issued), 'TRANSFERRED');
      assert.equal(market.deposit(SELLER, BASE, 1n), 'AMOUNT_OUT_OF_RANGE');
      assert.equal(market.deposit(SELLER, QUOTE, MAX_AMOUNT), 'TRANSFERRED', 'each asset has its own total');
    }),
    { numRuns: RUNS },
  );
  t.pass('held for all amounts tried');
});

t.test('one account can have all 2^62 units, trade them away and get them back', async t => {
  const half = { quantity: 2 ** 30, price: 2 ** 31 };
  const all = 2n * BigInt(half.quantity);
  const market = new OneMarket({ maxQuantity: half.quantity, maxPrice: half.price });
  market.deposit(BUYER, QUOTE, MAX_AMOUNT);
  market.deposit(SELLER, BASE, all);

  t.equal(market.deposit(BUYER, QUOTE, 1n), 'AMOUNT_OUT_OF_RANGE');
  t.equal(market.place({ account: BUYER, side: 'BUY', ...half }), 'ORDER');
  t.equal(market.place({ account: BUYER, side: 'BUY', ...half }), 'ORDER');
  t.same(market.balance(BUYER, QUOTE), [0n, MAX_AMOUNT], 'all of it locked');
  t.equal(market.place({ account: BUYER, side: 'BUY', quantity: 1, price: 1 }), 'INSUFFICIENT_BALANCE');
  t.equal(market.place({ account: SELLER, side: 'SELL', ...half }), 'ORDER');
  t.equal(market.place({ account: SELLER, side: 'SELL', ...half }), 'ORDER');
  t.same(market.balance(SELLER, QUOTE), [MAX_AMOUNT, 0n], 'all of it received');
  t.equal(market.withdraw(SELLER, QUOTE, MAX_AMOUNT + 1n), 'INSUFFICIENT_BALANCE');
  t.equal(market.withdraw(SELLER, QUOTE, MAX_INT64), 'INSUFFICIENT_BALANCE');
  t.equal(market.withdraw(SELLER, QUOTE, MAX_AMOUNT), 'TRANSFERRED');
  t.equal(market.deposit(BUYER, QUOTE, MAX_AMOUNT), 'TRANSFERRED', 'what went out may come in again');
});

for (const amount of [0n, -1n, -MAX_AMOUNT, -MAX_INT64]) {
  t.test(`an amount of ${amount} neither comes nor goes`, async t => {
    const market = new OneMarket({});
    market.deposit(BUYER, BASE, 5n);

    t.equal(market.deposit(BUYER, BASE, amount), 'AMOUNT_OUT_OF_RANGE');
    t.equal(market.withdraw(BUYER, BASE, amount), 'AMOUNT_OUT_OF_RANGE');
    t.same(market.balance(BUYER, BASE), [5n, 0n]);
  });
}

// ---- the total of a level

t.test('a level holds 2^53 - 1 lots exactly, and an order that would add more is refused', async t => {
  const lots = fc.array(fc.oneof(steps, fc.constantFrom(1, 2, MAX_SAFE - 1)), { minLength: 2, maxLength: 8 });
  const sides = fc.constantFrom('BUY' as const, 'SELL' as const);
  fc.assert(
    fc.property(lots, sides, (lots, side) => {
      const market = wealthyMarket();
      let total = 0n;
      for (const quantity of lots) {
        const fits = total + BigInt(quantity) <= BigInt(MAX_SAFE);
        const order = { account: BUYER, side, quantity, price: 1 };
        assert.equal(market.place(order), fits ? 'ORDER' : 'LIMIT_EXCEEDED', `${quantity} to ${total}`);
        assert.equal(market.place({ ...order, timeInForce: 'IOC' }), 'ORDER', 'it would not rest');
        if (fits) total += BigInt(quantity);
        assert.deepEqual(market.book()[side === 'BUY' ? 'bids' : 'asks'], [[1, Number(total)]]);
      }
    }),
    { numRuns: RUNS },
  );
  t.pass('held for all quantities tried');
});

t.test('a full level has room again for exactly what was taken off it', async t => {
  const market = wealthyMarket();
  const bid = { account: BUYER, side: 'BUY', price: 1 } as const;
  market.place({ ...bid, quantity: MAX_SAFE - 2 });
  market.place({ ...bid, quantity: 2 });

  t.equal(market.place({ ...bid, quantity: 1 }), 'LIMIT_EXCEEDED');
  t.equal(market.place({ ...bid, quantity: 1, price: 2 }), 'ORDER', 'another price is another level');
  market.place({ account: SELLER, side: 'SELL', price: 1, quantity: 4 });
  t.same(market.book().bids, [[1, MAX_SAFE - 3]]);
  t.equal(market.place({ ...bid, quantity: 4 }), 'LIMIT_EXCEEDED');
  t.equal(market.place({ ...bid, quantity: 3 }), 'ORDER');
  t.same(market.book().bids, [[1, MAX_SAFE]]);
  t.equal(market.place({ account: SELLER, side: 'SELL', price: 1, quantity: MAX_SAFE }), 'ORDER');
  t.same(market.book(), { bids: [], asks: [] }, 'all of it taken at once');
});

/** Room for two orders of the largest quantity at a price of 1 and some more. */
function wealthyMarket(): OneMarket {
  const market = new OneMarket({ maxQuantity: MAX_SAFE, maxPrice: 511 });
  for (const account of [BUYER, SELLER]) {
    market.deposit(account, BASE, 2n ** 61n);
    market.deposit(account, QUOTE, 2n ** 61n);
  }
  return market;
}

// ---- orders that rest from before the limits of their market changed

/**
 * Open orders stay as they are when limits change, so a market order can meet prices and ask for quantities that the
 * limits never allowed together.
 */
const WIDER = { maxPrice: 511, maxQuantity: MAX_SAFE };

function marketOfHighPrices(): OneMarket {
  const market = new OneMarket({ maxQuantity: 2 ** 21, maxPrice: 2 ** 40, minNotional: 1n });
  market.deposit(BUYER, QUOTE, MAX_AMOUNT);
  market.deposit(SELLER, BASE, 2n ** 53n);
  return market;
}

/** Asks worth 2^64 in all. */
function marketOfDearAsks(): OneMarket {
  const market = marketOfHighPrices();
  for (let orders = 0; orders < 8; orders++) {
    market.place({ account: SELLER, side: 'SELL', quantity: 2 ** 21, price: 2 ** 40 });
  }
  market.update(WIDER);
  return market;
}

const MARKET_BUY = { account: BUYER, side: 'BUY', type: 'MARKET', timeInForce: 'IOC' } as const;
const MARKET_SELL = { ...MARKET_BUY, account: SELLER, side: 'SELL' } as const;

t.test('a market order is refused that would cost 2^64, as a 64-bit number nothing', async t => {
  const market = marketOfDearAsks();

  for (const quantity of [2 ** 22 + 1, 2 ** 23, 2 ** 24, MAX_SAFE]) {
    t.equal(market.place({ ...MARKET_BUY, quantity }), 'INSUFFICIENT_BALANCE', `for ${quantity} lots`);
  }
  t.equal(market.place({ ...MARKET_BUY, quantity: 2 ** 22 }), 'ORDER', 'for as many as 2^62 units pay');
  t.same(market.balance(BUYER, QUOTE), [0n, 0n]);
  t.same(market.balance(SELLER, QUOTE), [MAX_AMOUNT, 0n]);
});

t.test('a market order worth 2^64 at the best price is worth enough', async t => {
  const market = marketOfHighPrices();
  market.place({ account: BUYER, side: 'BUY', quantity: 1, price: 2 ** 40 });
  market.update(WIDER);

  t.equal(market.place({ ...MARKET_SELL, quantity: 2 ** 24 }), 'ORDER');
  t.same(market.balance(SELLER, QUOTE), [2n ** 40n, 0n]);
});

t.test('a budget of any size buys and raises what it pays', async t => {
  const market = marketOfHighPrices();
  market.place({ account: SELLER, side: 'SELL', quantity: 2 ** 20, price: 2 ** 40 });

  t.equal(market.place({ ...MARKET_BUY, quoteQuantity: MAX_INT64 }), 'INSUFFICIENT_BALANCE');
  t.equal(market.place({ ...MARKET_BUY, quoteQuantity: MAX_AMOUNT + 1n }), 'INSUFFICIENT_BALANCE');
  t.equal(market.place({ ...MARKET_BUY, quoteQuantity: MAX_AMOUNT }), 'ORDER', 'all that there is');
  t.same(market.balance(BUYER, QUOTE), [MAX_AMOUNT - 2n ** 60n, 0n]);
  market.place({ account: BUYER, side: 'BUY', quantity: 2 ** 20, price: 2 ** 40 });
  t.equal(market.place({ ...MARKET_SELL, quoteQuantity: MAX_INT64 }), 'ORDER');
  t.same(market.balance(SELLER, QUOTE), [2n ** 61n, 0n]);
});
