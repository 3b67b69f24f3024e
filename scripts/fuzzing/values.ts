/** Values for what a schema asks, mostly of the form that it wants, and values that nothing wants. */
import { z } from 'zod';
import type { Random } from '../random.js';

/** As much of JSON schema as the schemas of our inputs come to. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What fields of these names may hold, besides what their form allows. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  market: ['BTC_USDT', 'ETH_USDT', 'ADA_USDT', 'BTC_USDT', 'F1_USDT', 'F2_USDT', 'NOPE_USDT', 'btc_usdt'],
  asset: ['BTC', 'ETH', 'ADA', 'USDT', 'F1', 'F2', 'NOPE'],
  price: ['100', '100.01', '99.99', '0.5', '0.0001', '10000000', '1000.001'],
  quantity: ['1', '0.1', '0.00001', '10', '1000', '0.000001'],
  tickSize: ['0.01', '1'],
  lotSize: ['0.01', '1'],
  maxPrice: ['100000', '0.01'],
  maxQuantity: ['1000', '0.01'],
  makerFee: ['0', '0.001', '0.99999999', '1'],
  takerFee: ['0', '0.001', '0.5'],
  userId: ['1001', '1002', '1003', '1', '999999'],
};

/** Whatever a pattern may want, and what looks like it. */
const STRINGS: readonly string[] = [
  ...[
    '0',
    '1',
    '7',
    '100',
    '1000',
    '1001',
    '5000',
    '0.05',
    '1.5',
    '12345678901234567890',
    '0.000000000000000001',
  ],
  ...['9007199254740991', '9007199254740992', '4611686018427387904', '1700000000000', '999999999999999'],
  ...[
    'a',
    'c-1',
    'x_2',
    'A',
    'F1',
    'F2',
    'F1_USDT',
    'F2_USDT',
    'USDT_F1',
    'true',
    'false',
    '1m',
    '1M',
    'NEW',
  ],
  ...['fuzz@example.com', 'other@localhost', 'correct horse', 'a rather long password'],
  ...['MQ', 'MTAwMQ', 'MS4xLjE', 'btc_usdt@trade', 'eth_usdt@depth', 'user'],
];

const HOSTILE: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, -0, [], {}, [1], ['1'], { a: 1 }, [[[[]]]], ''],
  ...[' ', '-1', '+1', '1e3', '0x10', 'NaN', 'Infinity', '1,5', '01', '1.', '.1', '1\n', '１', '∞', 'null'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '\u0000',
    '\ud800',
    '💥',
    'é',
    "' OR 1=1 --",
    '$(id)',
    '<script>',
  ],
  ...['../../etc/passwd', '%00', '%n%s', '\r\nX-Injected: 1', 'a'.repeat(300), '9'.repeat(5000)],
  { toString: 1, valueOf: null },
];

const FIELD_NAMES = [
  '__proto__',
  'constructor',
  'colour',
  '',
  'a'.repeat(200),
  '💥',
  'price ',
  'Price',
  'limit',
];

export function schemaOf(input: z.ZodType): Schema {
  return z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as Schema;
}

/** A value of the schema's form, as far as it can be told. @param name of the field */
export function properValue(schema: Schema, random: Random, name = ''): unknown {
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined) return properValue(random.of(choices), random, name);
  if ('const' in schema) return schema.const;
  if (schema.enum !== undefined) return random.of(schema.enum);
  switch (schema.type) {
    case 'object':
      return properObject(schema, random);
    case 'array':
      return Array.from({ length: random.below(4) }, () => properValue(schema.items ?? {}, random, name));
    case 'integer':
    case 'number':
      return (schema.minimum ?? 0) + random.below(Math.min(schema.maximum ?? 1000, 1_000_000) + 1);
    case 'boolean':
      return random.oneIn(2);
    default:
      return properString(schema, random, name);
  }
}

function properObject({ properties = {}, required = [] }: Schema, random: Random): Record<string, unknown> {
  const fields = Object.entries(properties).filter(([name]) => required.includes(name) || random.oneIn(3));
  return Object.fromEntries(fields.map(([name, schema]) => [name, properValue(schema, random, name)]));
}

function properString({ pattern }: Schema, random: Random, name: string): string {
  const words = WORDS[name] ?? STRINGS;
  if (pattern === undefined) return random.of(words);
  const form = new RegExp(pattern);
  const fitting = [...words, ...STRINGS].filter(word => form.test(word));
  return fitting.length > 0 ? random.of(fitting.slice(0, 8)) : random.of(STRINGS);
}

export function hostileValue(random: Random): unknown {
  return random.of(HOSTILE);
}

/** The object with one field changed, left out or added. */
export function spoiled(object: Readonly<Record<string, unknown>>, random: Random): Record<string, unknown> {
  const names = Object.keys(object);
  const name = names.length === 0 || random.oneIn(4) ? random.of(FIELD_NAMES) : random.of(names);
  const { [name]: _, ...others } = object;
  return random.oneIn(6)
    ? others
    : Object.fromEntries([...Object.entries(others), [name, hostileValue(random)]]);
}
