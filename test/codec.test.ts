/** Units and codec: whatever is written can be read again, and nothing malformed gets past, or throws. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type Answer, decodeAnswer, encodeAnswer } from '../shared/domain/answers.js';
import {
  decodeCommands,
  decodeEvents,
  decodeImages,
  decodeRequest,
  EventsWriter,
  encodeCommands,
  encodeImages,
  encodeRequest,
  fromStreamFields,
  type Image,
  type Images,
  isCommand,
  type JournaledCommand,
  type Request,
  toStreamFields,
} from '../shared/domain/codec.js';
import {
  COMMAND_FIELDS,
  type Command,
  type CommandKind,
  isConsistent,
  type PlaceOrder,
  QUERY_FIELDS,
  type Query,
  type QueryKind,
} from '../shared/domain/commands.js';
import {
  ASSET_FIELDS,
  ASSET_STATUSES,
  BALANCE_FIELDS,
  ENTITY_KINDS,
  FIRST_USER,
  KINDS,
  MARKET_FIELDS,
  MARKET_STATUSES,
  type Market,
  ORDER_FIELDS,
} from '../shared/domain/entities.js';
import {
  EVENT_FIELDS,
  type Event,
  type EventKind,
  LEDGER_TYPES,
  TRADE_FIELDS,
} from '../shared/domain/events.js';
import type { Field, Fields, Value } from '../shared/domain/fields.js';
import { GENESIS } from '../shared/domain/genesis.js';
import {
  ORDER_STATUSES,
  ORDER_TYPES,
  SELF_TRADE_PREVENTIONS,
  TIMES_IN_FORCE,
} from '../shared/domain/orders.js';
import {
  decodeMarketMessage,
  decodeReplies,
  encodeMarketMessage,
  type MarketMessage,
} from '../shared/domain/publications.js';
import { REJECT_CODES, REJECT_FIELDS } from '../shared/domain/rejects.js';
import {
  averagePrice,
  DECIMAL_PATTERN,
  fromLots,
  fromTicks,
  fromUnits,
  type MarketScale,
  marketScale,
  parseStep,
  tickLotValue,
  toLots,
  toTicks,
  toUnits,
} from '../shared/domain/units.js';
import { ascii, messageOf } from './ascii.js';
import { encodeEvent, encodeImage } from './tuples.js';

const MAX_SAFE = Number.MAX_SAFE_INTEGER;
const MAX_INT64 = 2n ** 63n - 1n;
const RUNS = 1_000;
/** Of every kind of text field some values. */
const TEXTS: readonly string[] = [
  ...['BUY', 'SELL', ...ORDER_TYPES, ...TIMES_IN_FORCE, ...SELF_TRADE_PREVENTIONS, ...ORDER_STATUSES],
  ...[...ASSET_STATUSES, ...MARKET_STATUSES, ...LEDGER_TYPES, ...REJECT_CODES],
  ...['A', 'BTC', '1INCH', 'ABCDEFGHIJ', 'A_B', 'BTC_USDT', 'ABCDEFGHIJ_0123456789'],
  ...[
    'x',
    '_',
    '-',
    '__proto__',
    'constructor',
    'x'.repeat(36),
    'x'.repeat(64),
    '!"#$%&\'()~',
    'BTC_USDT:17',
  ],
];

// ---- units

t.test('the form of a decimal on the wire', async t => {
  const good = ['0', '1', '007', '1.5', '0.000000000000000001', '1'.repeat(20), `1.${'1'.repeat(18)}`];
  const bad = [
    ...['', ' ', '-1', '+1', '1e3', '1E3', '0x10', '.5', '5.', '1,5', '1_000', ' 1', '1 ', '1\n', '\n1'],
    ...['NaN', 'Infinity', '1.2.3', '１', '1'.repeat(21), `1.${'1'.repeat(19)}`, '9'.repeat(400)],
  ];
  for (const text of good) t.match(text, DECIMAL_PATTERN, text);
  for (const text of bad) t.notMatch(text, DECIMAL_PATTERN, JSON.stringify(text));
});

t.test('decimals to smallest units and back', async t => {
  const table: [decimal: string, decimals: number, units: bigint | undefined, back: string | undefined][] = [
    ['0', 8, 0n, '0.00000000'],
    ['0.00000001', 8, 1n, '0.00000001'],
    ['1.5', 8, 150_000_000n, '1.50000000'],
    ['007.50', 2, 750n, '7.50'],
    ['12', 0, 12n, '12'],
    ['12.000', 0, 12n, '12'],
    ['12.1', 0, undefined, undefined],
    ['0.000000001', 8, undefined, undefined],
    ['0.0000000010', 9, 1n, '0.000000001'],
    [
      '99999999999999999999.999999999999999999',
      18,
      10n ** 38n - 1n,
      '99999999999999999999.999999999999999999',
    ],
    ['90071992547409.93', 2, 9_007_199_254_740_993n, '90071992547409.93'],
  ];
  for (const [decimal, decimals, units, back] of table) {
    t.equal(toUnits(decimal, decimals), units, decimal);
    if (units !== undefined) t.equal(fromUnits(units, decimals), back, decimal);
  }
});

t.test('signed amounts', async t => {
  t.equal(fromUnits(-1n, 8), '-0.00000001');
  t.equal(fromUnits(-150n, 2), '-1.50');
  t.equal(fromUnits(-7, 0), '-7');
  t.equal(fromUnits(0n, 2), '0.00');
});

law(
  'what is written in units is read as the same units',
  fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.nat(18), (units, decimals) => {
    if (units >= 10n ** BigInt(20 + decimals)) return;
    const text = fromUnits(units, decimals);
    assert.match(text, DECIMAL_PATTERN);
    assert.equal(toUnits(text, decimals), units);
    assert.equal(fromUnits(-units, decimals), units === 0n ? text : `-${text}`);
  }),
);

const BTC_USDT = scaleOf('BTC_USDT');
const ADA_USDT = scaleOf('ADA_USDT');
/** Ticks of 0.05, lots of 0.25. */
const QUARTERS = marketScale(
  { ...marketOf('BTC_USDT'), tickSize: 5, lotSize: 25_000_000n, tickLotValue: 1_250_000n },
  { base: 8, quote: 8 },
);
/** Lots of 10 of an asset without decimals. */
const TENS = marketScale(
  { ...marketOf('BTC_USDT'), priceDecimals: 0, lotSize: 10n, tickLotValue: 10n },
  { base: 0, quote: 0 },
);

t.test('prices to ticks', async t => {
  const table: [price: string, scale: MarketScale, ticks: number | undefined, back?: string][] = [
    ['50000', BTC_USDT, 5_000_000, '50000.00'],
    ['50000.00', BTC_USDT, 5_000_000, '50000.00'],
    ['0.01', BTC_USDT, 1, '0.01'],
    ['0.010000000000000000', BTC_USDT, 1, '0.01'],
    ['0', BTC_USDT, 0, '0.00'],
    ['0.001', BTC_USDT, undefined],
    ['0.015', BTC_USDT, undefined],
    ['1.9', ADA_USDT, 19_000, '1.9000'],
    ['0.05', QUARTERS, 1, '0.05'],
    ['1.05', QUARTERS, 21, '1.05'],
    ['1.01', QUARTERS, undefined],
    ['90071992547409.91', BTC_USDT, MAX_SAFE, '90071992547409.91'],
    ['90071992547409.92', BTC_USDT, Infinity],
    ['99999999999999999999', BTC_USDT, Infinity],
  ];
  for (const [price, scale, ticks, back] of table) {
    t.equal(toTicks(price, scale), ticks, price);
    if (back !== undefined) t.equal(fromTicks(ticks!, scale), back, price);
  }
});

t.test('quantities to lots', async t => {
  const table: [quantity: string, scale: MarketScale, lots: number | undefined, back?: string][] = [
    ['1', BTC_USDT, 100_000, '1.00000'],
    ['0.00001', BTC_USDT, 1, '0.00001'],
    ['0.000010', BTC_USDT, 1, '0.00001'],
    ['0.000001', BTC_USDT, undefined],
    ['0.000015', BTC_USDT, undefined],
    ['10', ADA_USDT, 100, '10.0'],
    ['0.05', ADA_USDT, undefined],
    ['0.25', QUARTERS, 1, '0.25'],
    ['2', QUARTERS, 8, '2.00'],
    ['0.3', QUARTERS, undefined],
    ['30', TENS, 3, '30'],
    ['35', TENS, undefined],
    ['90071992547.40991', BTC_USDT, MAX_SAFE, '90071992547.40991'],
    ['90071992547.40992', BTC_USDT, Infinity],
  ];
  for (const [quantity, scale, lots, back] of table) {
    t.equal(toLots(quantity, scale), lots, quantity);
    if (back !== undefined) t.equal(fromLots(lots!, scale), back, quantity);
  }
});

law(
  'ticks and lots are written so that they are read again',
  fc.property(fc.constantFrom(BTC_USDT, ADA_USDT, QUARTERS, TENS), fc.nat(MAX_SAFE), (scale, steps) => {
    if (fromTicks(steps, scale).length <= 20) assert.equal(toTicks(fromTicks(steps, scale), scale), steps);
    if (fromLots(steps, scale).length <= 20) assert.equal(toLots(fromLots(steps, scale), scale), steps);
  }),
);

t.test('the average price is rounded to the tick, half to even', async t => {
  const units = (lots: number, ticksTimesLots: bigint) =>
    averagePrice(lots, ticksTimesLots * BTC_USDT.tickLotValue, BTC_USDT);
  t.equal(units(0, 0n), null);
  t.equal(units(1, 5_000_000n), '50000.00');
  t.equal(units(2, 3n), '0.02', '1.5 ticks');
  t.equal(units(2, 5n), '0.02', '2.5 ticks');
  t.equal(units(2, 7n), '0.04', '3.5 ticks');
  t.equal(units(3, 4n), '0.01', '1.33 ticks');
  t.equal(units(3, 5n), '0.02', '1.67 ticks');
  t.equal(units(1_000_000, 2_500_001n), '0.03', 'just above 2.5 ticks');
  t.equal(units(1_000_000, 2_499_999n), '0.02', 'just below 2.5 ticks');
  t.equal(averagePrice(2, 3n * QUARTERS.tickLotValue, QUARTERS), '0.10', '1.5 ticks of 0.05');
});

law(
  'the average price is the nearest tick',
  fc.property(fc.integer({ min: 1, max: 1e8 }), fc.bigInt({ min: 0n, max: 10n ** 15n }), (lots, value) => {
    const average = averagePrice(lots, value * BTC_USDT.tickLotValue, BTC_USDT)!;
    const ticks = BigInt(toTicks(average, BTC_USDT)!);
    const twice = 2n * (value - ticks * BigInt(lots));
    const distance = twice < 0n ? -twice : twice;
    assert(distance < BigInt(lots) || (distance === BigInt(lots) && ticks % 2n === 0n));
  }),
);

t.test('steps', async t => {
  t.strictSame(parseStep('0.01'), { units: 1n, decimals: 2 });
  t.strictSame(parseStep('0.0500'), { units: 5n, decimals: 2 });
  t.strictSame(parseStep('10'), { units: 10n, decimals: 0 });
  t.strictSame(parseStep('1.0'), { units: 1n, decimals: 0 });
  t.strictSame(parseStep('0.000000000000000001'), { units: 1n, decimals: 18 });
  t.equal(parseStep('0'), undefined);
  t.equal(parseStep('0.000'), undefined);
});

t.test('a tick times a lot in units of quote', async t => {
  const eight = { base: 8, quote: 8 };
  t.equal(tickLotValue({ size: 1, priceDecimals: 2 }, 1000n, eight), 10n, 'BTC_USDT');
  t.equal(tickLotValue({ size: 1, priceDecimals: 4 }, 100_000n, { base: 6, quote: 8 }), 1000n, 'ADA_USDT');
  t.equal(tickLotValue({ size: 1, priceDecimals: 8 }, 10n ** 8n, eight), 1n);
  t.equal(tickLotValue({ size: 1, priceDecimals: 8 }, 10n ** 7n, eight), undefined);
  t.equal(tickLotValue({ size: 10, priceDecimals: 8 }, 10n ** 7n, eight), 1n);
  t.equal(tickLotValue({ size: 5, priceDecimals: 0 }, 3n, { base: 0, quote: 0 }), 15n);
  t.equal(tickLotValue({ size: 1, priceDecimals: 0 }, 1n, { base: 1, quote: 0 }), undefined);
});

// ---- requests

const SAMPLES: readonly (Command | Query)[] = [
  ...GENESIS,
  { kind: 'PLACE_ORDER', body: limitOrder() },
  { kind: 'CANCEL_ORDER', body: { account: FIRST_USER, orderId: 7, market: null, clientOrderId: null } },
  { kind: 'CANCEL_ALL', body: { account: FIRST_USER, market: null } },
  { kind: 'DEPOSIT', body: { account: FIRST_USER, asset: 'BTC', amount: 5n, key: 'signup' } },
  { kind: 'WITHDRAW', body: { account: FIRST_USER, asset: 'BTC', amount: 5n, key: null } },
  { kind: 'UPDATE_MARKET', body: { ...noLimits(), market: 'BTC_USDT', status: 'HALT' } },
  { kind: 'GET_ORDER', body: { account: FIRST_USER, orderId: null, market: 'A_B', clientOrderId: 'x' } },
  { kind: 'OPEN_ORDERS', body: { account: FIRST_USER, market: 'A_B' } },
  { kind: 'BALANCES', body: { account: FIRST_USER } },
  { kind: 'BOOK', body: { market: 'BTC_USDT' } },
  { kind: 'CATALOG', body: {} },
];

t.test('each kind of request is read as it was written', async t => {
  const kinds = [...Object.keys(COMMAND_FIELDS), ...Object.keys(QUERY_FIELDS)];
  t.strictSame(new Set(SAMPLES.map(({ kind }) => kind)), new Set(kinds), 'a sample of each');
  for (const sample of SAMPLES) {
    t.strictSame(decodeRequest(encodeRequest(requestOf(sample))), requestOf(sample), sample.kind);
    t.equal(isCommand(sample), sample.kind in COMMAND_FIELDS);
  }
});

for (const kind of Object.keys(COMMAND_FIELDS) as CommandKind[]) {
  requestLaw(kind, COMMAND_FIELDS[kind] as Fields<unknown>);
}
for (const kind of Object.keys(QUERY_FIELDS) as QueryKind[]) {
  requestLaw(kind, QUERY_FIELDS[kind] as Fields<unknown>);
}

t.test('a list entry that is malformed is refused with a reason', async t => {
  const good = encodeRequest(requestOf({ kind: 'PLACE_ORDER', body: limitOrder() }));
  const entry = JSON.parse(good) as unknown[];
  const body = entry[5] as unknown[];
  const withPart = (index: number, value: unknown) => JSON.stringify(entry.with(index, value));
  const withField = (index: number, value: unknown) => withPart(5, body.with(index, value));
  const table: Record<string, string[]> = {
    'no JSON': ['', ' ', 'x', '{', '[1,2', 'undefined', '\u0000', `${good}x`, '['.repeat(100_000)],
    'no array of six': [
      ...['null', '1', '"x"', '{}', '[]', '[1]', 'true', '{"length":6}'],
      JSON.stringify([...entry, 1]),
      JSON.stringify(entry.slice(0, 5)),
    ],
    version: [
      ...[0, 2, '1', null, 1.5, true, [], {}, { toString: false }, { toString: 1, valueOf: 1 }].map(version =>
        withPart(0, version),
      ),
      `[${'['.repeat(100_000)}${']'.repeat(100_000)}${good.slice(2)}`,
    ],
    'unknown kind': [
      ...['', 'PLACE', 'place_order', 'PLACE_ORDER ', 'NEW_KIND'],
      ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'],
      ...[null, 1, [], {}, ['PLACE_ORDER']],
    ].map(kind => withPart(1, kind)),
    'requestId, replyTo or deadline': [
      ...[-1, 1.5, 2 ** 53, '1', null, true, [], {}].flatMap(id => [withPart(2, id), withPart(4, id)]),
      ...['', 'a b', 'é', 'x'.repeat(65), 1, null, []].map(replyTo => withPart(3, replyTo)),
      good.replace(/^\[1,"PLACE_ORDER",\d+/, '[1,"PLACE_ORDER",1e400'),
    ],
    'fields of PLACE_ORDER': [
      ...[null, 1, 'x', {}, [], true, { length: 10 }].map(fields => withPart(5, fields)),
      withPart(5, body.slice(0, -1)),
      withPart(5, [...body, null]),
      withPart(5, Object.assign({}, body)),
      // account, price, quantity
      ...[0, 7, 8].flatMap(index =>
        [-1, 0.5, 2 ** 53, '100', true, [], {}, 'NaN'].map(value => withField(index, value)),
      ),
      withField(0, null),
      withPart(5, body).replace('100', '1e400'),
      withPart(5, body).replace('100', '-1e400'),
      ...['btc_usdt', 'BTC', 'BTC_USDT\n', '_', '__proto__', 'BTC-USDT', 1, null].map(value =>
        withField(1, value),
      ),
      ...['', 'a b', 'x'.repeat(37), 'a\n', 'ä', 1, null].map(value => withField(2, value)),
      // side, type, timeInForce, selfTradePrevention
      ...[3, 4, 5, 6].flatMap(index =>
        ['', 'buy', 'toString', '__proto__', 0, null, ['BUY']].map(value => withField(index, value)),
      ),
      ...[1, '1e3', '0x10', '1.5', ' 1', '', '-', '9'.repeat(400), (2n ** 63n).toString(), true].map(value =>
        withField(9, value),
      ),
    ],
  };
  for (const [reason, entries] of Object.entries(table)) {
    for (const malformed of entries) {
      const got = refusalOf(malformed);
      t.match(got, reason, `${reason}: ${JSON.stringify(malformed.slice(0, 100))}`);
      t.notMatch(got, 'do not go together');
    }
  }
});

t.test('fields that do not go together are refused', async t => {
  const place = (changes: Partial<PlaceOrder>): Command => ({
    kind: 'PLACE_ORDER',
    body: { ...limitOrder(), ...changes },
  });
  const name = { account: FIRST_USER, orderId: null, market: null, clientOrderId: null };
  const market = { type: 'MARKET', timeInForce: 'IOC', price: null } as const;
  const bad: (Command | Query)[] = [
    place({ account: 0 }),
    place({ account: FIRST_USER - 1 }),
    place({ price: null }),
    place({ quantity: null }),
    place({ quoteQuantity: 5n }),
    place({ quantity: null, quoteQuantity: 5n }),
    place({ type: 'LIMIT_MAKER', timeInForce: 'IOC' }),
    place({ type: 'LIMIT_MAKER', timeInForce: 'FOK' }),
    place({ type: 'LIMIT_MAKER', price: null }),
    place({ ...market, price: 100 }),
    place({ ...market, timeInForce: 'GTC' }),
    place({ ...market, timeInForce: 'FOK' }),
    place({ ...market, quantity: null }),
    place({ ...market, quoteQuantity: 5n }),
    { kind: 'CANCEL_ORDER', body: name },
    { kind: 'CANCEL_ORDER', body: { ...name, market: 'A_B' } },
    { kind: 'CANCEL_ORDER', body: { ...name, clientOrderId: 'x' } },
    { kind: 'CANCEL_ORDER', body: { ...name, orderId: 1, market: 'A_B' } },
    { kind: 'CANCEL_ORDER', body: { ...name, orderId: 1, clientOrderId: 'x' } },
    { kind: 'GET_ORDER', body: { ...name, orderId: 1, market: 'A_B', clientOrderId: 'x' } },
    { kind: 'DEPOSIT', body: { account: 1, asset: 'BTC', amount: 1n, key: null } },
    { kind: 'WITHDRAW', body: { account: 2, asset: 'BTC', amount: 1n, key: null } },
    { kind: 'BALANCES', body: { account: 1000 } },
    { kind: 'CANCEL_ALL', body: { account: 2, market: null } },
  ];
  for (const request of bad) {
    const decoded = decodeRequest(encodeRequest(requestOf(request)));
    t.match(
      decoded,
      { malformed: `fields of ${request.kind} do not go together` },
      JSON.stringify(request.body, plain),
    );
  }
  for (const order of [
    place({ ...market }),
    place({ ...market, quantity: null, quoteQuantity: 5n }),
    place({ type: 'LIMIT_MAKER' }),
    place({ timeInForce: 'FOK' }),
  ]) {
    t.ok(isConsistent(order));
  }
});

law(
  'no list entry throws, whatever it is',
  fc.property(
    fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.jsonValue()).map(value => JSON.stringify(value)),
    ),
    entry => {
      assert('malformed' in decodeRequest(entry));
    },
  ),
);

law(
  'nor one that is right but for one part',
  fc.property(
    fc.constantFrom(...SAMPLES),
    fc.nat(5),
    fc.nat(9),
    fc.jsonValue(),
    (sample, part, field, value) => {
      const entry = JSON.parse(encodeRequest(requestOf(sample))) as unknown[];
      const body = entry[5] as unknown[];
      const changed =
        part < 5
          ? entry.with(part, value)
          : entry.with(
              5,
              body.map((was, at) => (at === field ? value : was)),
            );
      const text = JSON.stringify(changed);
      const decoded = decodeRequest(text);
      if (!('malformed' in decoded)) assert.equal(encodeRequest(decoded), text, 'what is accepted is kept');
    },
  ),
);

// ---- events, entities, answers, the journal

for (const kind of Object.keys(EVENT_FIELDS) as EventKind[]) {
  law(
    `event ${kind}`,
    fc.property(recordOf(EVENT_FIELDS[kind] as Fields<unknown>), body => {
      const event = { kind, body } as Event;
      const json = JSON.stringify([[encodeEvent(event)], []]);
      assert.deepEqual(decodeEvents(json), [[event], []]);
      assert.equal(textOf([[event], []]), json, 'written as JSON.stringify writes it');
    }),
    100,
  );
}

for (const kind of ENTITY_KINDS) {
  law(
    `entity ${kind}`,
    fc.property(recordOf(KINDS[kind].fields as Fields<unknown>), entity => {
      const image = { kind, entity } as Image;
      const json = JSON.stringify([encodeImage(kind, image.entity as never)]);
      assert.deepEqual(decodeImages(json), [image]);
      assert.equal(
        encodeImages({ ...noImages(), [kind]: [entity] }).toString(),
        json,
        'written as JSON.stringify writes it',
      );
    }),
    100,
  );
}

t.test('a number has one spelling, whatever its digits', async t => {
  const read = (json: string) => decodeEvents(`[[["CANCELED_ALL",${json},0]]]`);
  const edges = [0, 1, 9, ...Array.from({ length: 15 }, (_, digits) => 10 ** (digits + 1)), MAX_SAFE];
  for (const value of edges.flatMap(edge => [edge - 1, edge]).filter(value => value >= 0)) {
    const body = { account: value, orders: 0 };
    t.equal(textOf([[{ kind: 'CANCELED_ALL', body }]]), `[[["CANCELED_ALL",${value},0]]]`);
    t.strictSame(read(String(value)), [[{ kind: 'CANCELED_ALL', body }]]);
  }
  for (const wrong of [
    '',
    '-1',
    '01',
    '00',
    '+1',
    ' 1',
    '1 ',
    '1.0',
    '1e3',
    '"1"',
    '9007199254740992',
    '1'.repeat(400),
  ])
    t.throws(() => read(wrong), wrong);
});

t.test('so has an amount', async t => {
  const amountOf = (json: string) => decodeImages(`[["balance",1001,"BTC",${json},"0"]]`)[0]!.entity;
  const edges = [0n, 1n, 2n ** 32n, 2n ** 52n, 2n ** 53n, 10n ** 14n, 10n ** 15n, 10n ** 18n, MAX_INT64];
  for (const value of edges.flatMap(edge => [edge, -edge, edge - 1n])) {
    const balance = { account: 1001, asset: 'BTC', available: value, locked: 0n };
    const json = `[["balance",1001,"BTC","${value}","0"]]`;
    t.equal(encodeImages({ ...noImages(), balance: [balance] }).toString(), json);
    t.strictSame(amountOf(`"${value}"`), balance);
  }
  const tooMuch = `"${MAX_INT64 + 1n}"`;
  for (const wrong of [
    '1',
    '""',
    '"-"',
    '"-0"',
    '"01"',
    '"+1"',
    '"1.0"',
    '" 1"',
    tooMuch,
    `"-${MAX_INT64 + 1n}"`,
  ])
    t.throws(() => amountOf(wrong), wrong);
});

t.test('a text that was refused once is refused again', async t => {
  for (let i = 0; i < 2; i++) t.throws(() => decodeImages('[["balance",1001,"btc","1","0"]]'));
  t.throws(() => decodeEvents('[[["ORDER_PLACED",1,1001,"BTC"]]]'), 'as a market, what is right as an asset');
  t.strictSame(decodeEvents('[[["ASSET_CREATED","BTC"]]]'), [
    [{ kind: 'ASSET_CREATED', body: { asset: 'BTC' } }],
  ]);
  t.throws(() => decodeEvents('[[["ORDER_PLACED",1,1001,"BTC"]]]'));
});

t.test('a list entry has one spelling', async t => {
  const good = encodeRequest(requestOf({ kind: 'PLACE_ORDER', body: limitOrder() }));
  t.strictSame(JSON.stringify(JSON.parse(good)), good);
  for (const other of [` ${good}`, good.replace(',', ', '), good.replace('BUY', '\\u0042UY'), `${good}\n`])
    t.equal(refusalOf(other), 'not as JSON.stringify spells it', other);
});

const answer: fc.Arbitrary<Answer> = fc.oneof(
  plainRecord({ kind: fc.constant('REFUSED' as const), reject: recordOf(REJECT_FIELDS) }),
  plainRecord({
    kind: fc.constant('ORDER' as const),
    order: recordOf(ORDER_FIELDS),
    trades: fc.array(recordOf(TRADE_FIELDS), { maxLength: 3 }),
    sequence: integers(),
  }),
  plainRecord({ kind: fc.constant('NOT_HELD' as const), sequence: integers() }),
  plainRecord({
    kind: fc.constant('ORDERS' as const),
    orders: fc.array(recordOf(ORDER_FIELDS), { maxLength: 3 }),
    sequence: integers(),
  }),
  plainRecord({ kind: fc.constant('CANCELED' as const), orderIds: fc.array(integers()) }),
  plainRecord({
    kind: fc.constant('TRANSFERRED' as const),
    transfer: plainRecord({
      ledgerId: integers(),
      asset: fc.stringMatching(/^[A-Z0-9]{1,10}$/),
      amount: amounts(),
      available: amounts(),
      locked: amounts(),
    }),
  }),
  plainRecord({
    kind: fc.constant('BALANCES' as const),
    balances: fc.array(recordOf(BALANCE_FIELDS), { maxLength: 3 }),
  }),
  plainRecord({
    kind: fc.constant('BOOK' as const),
    book: plainRecord({
      market: fc.constant('BTC_USDT'),
      lastUpdateId: integers(),
      lastTradeId: integers(),
      bids: levels(),
      asks: levels(),
    }),
  }),
  plainRecord({
    kind: fc.constant('CATALOG' as const),
    assets: fc.array(recordOf(ASSET_FIELDS), { maxLength: 3 }),
    markets: fc.array(recordOf(MARKET_FIELDS), { maxLength: 3 }),
  }),
);

law(
  'answers, one by one and as replies',
  fc.property(fc.array(fc.tuple(integers(), answer, fc.option(integers())), { maxLength: 4 }), replies => {
    assert.deepEqual(decodeReplies(messageOf(replies)), replies);
    for (const [, answer] of replies) {
      const text = encodeAnswer(answer);
      assert.deepEqual(decodeAnswer(text), answer);
      assert.equal(JSON.stringify(JSON.parse(text)), text, 'it is JSON, spelled as everywhere');
    }
  }),
);

t.test('what a batch is written as stays while one more is written', async t => {
  const given = ['a', 'b'].map(entry => encodeCommands([{ time: 1, deadline: 2, entry }]));
  t.same(given.map(String), ['1 2 a', '1 2 b']);
});

t.test('what is no answer, event, image or journal entry throws', async t => {
  for (const text of [
    '',
    '[]',
    '["NO_ANSWER"]',
    '["toString",1]',
    '["REFUSED"]',
    '["REFUSED",["NO_CODE",null,null,null]]',
    '["NOT_HELD",1',
    '["NOT_HELD",1,1]',
    '["NOT_HELD",1]]',
    '["CANCELED",[1,]]',
    '["BOOK","BTC_USDT",1,1,[[1,1]],[[1]]]',
  ]) {
    t.throws(() => decodeAnswer(text), text);
    t.throws(() => decodeReplies(`[[1,${text},null]]`), text);
  }
  for (const text of ['[', '[[1,["NOT_HELD",1]]]', '[[1,["NOT_HELD",1],"1"]]', '[] '])
    t.throws(() => decodeReplies(text), text);
  t.throws(() => decodeEvents('[[["REFUSED","NO_CODE"]]]'));
  t.throws(() => decodeEvents('[[["NO_EVENT",1]]]'));
  t.throws(() => decodeImages('[["asset","BTC",8,"GONE"]]'));
  t.throws(() => decodeImages('[["no_kind",1]]'));
  t.throws(() => fromStreamFields(['head', '1:1', 'first', '1']));
});

law(
  'a journal entry',
  fc.property(integers(), integers(), fc.string(), fc.string(), (first, last, events, images) => {
    const commands: JournaledCommand[] = [
      { time: first, deadline: last, entry: events },
      { time: last, deadline: first, entry: images },
    ];
    const entry = {
      logic: 1,
      head: '3:7',
      first,
      last,
      end: first,
      commands: encodeCommands(commands),
      events: ascii(events),
      images: ascii(images),
      stateHash: '0123456789abcdef',
    };
    assert.deepEqual(fromStreamFields(toStreamFields(entry)), entry);
    assert.deepEqual(decodeCommands(entry.commands), commands);
  }),
);

law(
  'a market message',
  fc.property(integers(), levels(), levels(), fc.boolean(), (number, bids, asks, buyerIsMaker) => {
    const message: MarketMessage = {
      market: 'BTC_USDT',
      time: number,
      firstUpdateId: number,
      lastUpdateId: number,
      bids,
      asks,
      trades: [{ tradeId: number, price: number, quantity: number, time: number, buyerIsMaker }],
    };
    assert.deepEqual(decodeMarketMessage(encodeMarketMessage(message)), message);
  }),
);

/** A test that the property holds; where it fails, the error names the seed and the smallest case found. */
function law<T>(name: string, property: fc.IProperty<T>, numRuns = RUNS): void {
  t.test(name, async t => {
    fc.assert(property, { numRuns });
    t.pass('held in every case tried');
  });
}

/** Whatever its fields are: read as it was written, or refused because they do not go together. */
function requestLaw(kind: CommandKind | QueryKind, fields: Fields<unknown>): void {
  law(
    `request ${kind}`,
    fc.property(recordOf(fields), body => {
      const request = requestOf({ kind, body } as Command | Query);
      const decoded = decodeRequest(encodeRequest(request));
      if (isConsistent(request.request)) assert.deepEqual(decoded, request);
      else assert.deepEqual(decoded, { malformed: `fields of ${kind} do not go together` });
    }),
    200,
  );
}

/** The events of each command, as the journal has them. */
function textOf(batch: readonly (readonly Event[])[]): string {
  const writer = new EventsWriter();
  for (const events of batch) {
    writer.next();
    for (const event of events) writer.add(event);
  }
  return writer.take().toString();
}

function noImages(): Images {
  return Object.fromEntries(ENTITY_KINDS.map(kind => [kind, []])) as unknown as Images;
}

/** Why the entry is refused. */
function refusalOf(entry: string): string {
  try {
    const decoded = decodeRequest(entry);
    return 'malformed' in decoded ? decoded.malformed : 'accepted';
  } catch (error) {
    return `throws ${String(error)}`;
  }
}

function requestOf(request: Command | Query): Request {
  return { requestId: 4, replyTo: 'api-1', deadline: 1_700_000_000_000, request };
}

function limitOrder(): PlaceOrder {
  return {
    account: FIRST_USER,
    market: 'BTC_USDT',
    clientOrderId: 'a-1',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    selfTradePrevention: 'EXPIRE_MAKER',
    price: 100,
    quantity: 7,
    quoteQuantity: null,
  };
}

function noLimits() {
  return {
    minQuantity: null,
    maxQuantity: null,
    minPrice: null,
    maxPrice: null,
    minNotional: null,
    maxOpenOrders: null,
    makerFee: null,
    takerFee: null,
  };
}

/** A market of the genesis, with the tickLotValue of its assets. */
function marketOf(name: string): Market {
  const command = GENESIS.find(({ kind, body }) => kind === 'CREATE_MARKET' && body.market === name);
  assert(command?.kind === 'CREATE_MARKET');
  const { body } = command;
  const tick = { size: body.tickSize, priceDecimals: body.priceDecimals };
  const value = tickLotValue(tick, body.lotSize, {
    base: decimalsOf(body.base),
    quote: decimalsOf(body.quote),
  });
  return { ...body, tickLotValue: value!, lastTradeId: 0, updateId: 0 };
}

function scaleOf(name: string): MarketScale {
  const market = marketOf(name);
  return marketScale(market, { base: decimalsOf(market.base), quote: decimalsOf(market.quote) });
}

function decimalsOf(asset: string): number {
  const command = GENESIS.find(({ kind, body }) => kind === 'CREATE_ASSET' && body.asset === asset);
  assert(command?.kind === 'CREATE_ASSET');
  return command.body.decimals;
}

function integers(): fc.Arbitrary<number> {
  return fc.oneof(fc.maxSafeNat(), fc.nat(2000), fc.constantFrom(0, MAX_SAFE));
}

function amounts(): fc.Arbitrary<bigint> {
  return fc.oneof(fc.bigInt({ min: -MAX_INT64, max: MAX_INT64 }), fc.constantFrom(0n, MAX_INT64, -MAX_INT64));
}

/** An object like those of a literal: with the prototype that deepEqual compares. */
function plainRecord<T>(values: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(values, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

function levels() {
  return fc.array(fc.tuple(integers(), integers()), { maxLength: 3 });
}

/** A record of a table of fields: each field any of the values that it takes. */
function recordOf<T>(fields: Fields<T>): fc.Arbitrary<T> {
  const values: Record<string, fc.Arbitrary<Value>> = {};
  for (const name in fields) values[name] = anyValue(fields[name] as Field<Value>);
  return plainRecord(values) as unknown as fc.Arbitrary<T>;
}

function anyValue(field: Field<Value>): fc.Arbitrary<Value> {
  const value = valueOfType(field);
  return field.nullable ? fc.option(value) : value;
}

function valueOfType(field: Field<Value>): fc.Arbitrary<Value> {
  switch (field.type) {
    case 'integer':
      return integers();
    case 'amount':
      return amounts();
    case 'flag':
      return fc.boolean();
    case 'text':
      return fc.constantFrom(...TEXTS.filter(text => field.parse(text) !== undefined));
  }
}

function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
