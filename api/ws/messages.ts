/**
 * The form of everything that a WebSocket client sends and is sent, as API.md spells it.
 *
 * Guarantees: while serving, only what a client may ask is checked by it (requests.ts); the tests check what a running
 * gateway sends.
 */
import { z } from 'zod';
import { MARKET_NAME } from '../../shared/domain/entities.js';
import { INTERVALS } from '../../shared/domain/klines.js';
import { ORDER_STATUSES, ORDER_TYPES, SIDES, TIMES_IN_FORCE } from '../../shared/domain/orders.js';
import { BALANCE_REASONS } from '../../shared/domain/reports.js';
import type { ErrorCode } from '../errors.js';
import { count, decimal, id, levels, name, signedDecimal, ticker, time } from '../http/answers.js';

const market = z.string().regex(MARKET_NAME);
const stamped = { E: time, s: market };

const trade = z.strictObject({
  e: z.literal('trade'),
  ...stamped,
  t: id,
  p: decimal,
  q: decimal,
  T: time,
  m: z.boolean().meta({ description: 'the buyer is the maker' }),
});

/** The best 5,000 levels a side. */
const depthSnapshot = z.strictObject({
  e: z.literal('depthSnapshot'),
  s: market,
  u: count,
  b: levels,
  a: levels,
});

const depthUpdate = z.strictObject({
  e: z.literal('depthUpdate'),
  ...stamped,
  U: count.meta({ description: 'one more than the `u` before' }),
  u: count,
  b: levels,
  a: levels,
});

const bookTicker = z.strictObject({
  u: count,
  s: market,
  b: decimal.nullable(),
  B: decimal.nullable(),
  a: decimal.nullable(),
  A: decimal.nullable(),
});

const kline = z.strictObject({
  e: z.literal('kline'),
  ...stamped,
  k: z.strictObject({
    t: time,
    T: time,
    s: market,
    i: z.enum(INTERVALS),
    o: decimal,
    c: decimal,
    h: decimal,
    l: decimal,
    v: decimal,
    n: count,
    x: z.boolean().meta({ description: 'the candle is closed' }),
    q: decimal,
    V: decimal,
    Q: decimal,
    f: z.string().meta({ description: 'the first trade; "-1" of a flat candle' }),
    L: z.string().meta({ description: 'the last trade; "-1" of a flat candle' }),
  }),
});

/** Of the account's events without gaps, over restarts too. */
const seq = count;

const executionReport = z.strictObject({
  e: z.literal('executionReport'),
  seq,
  ...stamped,
  i: id,
  c: z.string(),
  S: z.enum(SIDES),
  o: z.enum(ORDER_TYPES),
  f: z.enum(TIMES_IN_FORCE),
  q: decimal.nullable(),
  p: decimal.nullable(),
  x: z
    .enum(['NEW', 'TRADE', 'CANCELED', 'EXPIRED', 'REPLACED'])
    .meta({ description: 'what has just happened; `REPLACED` is never told, since no order can be amended' }),
  X: z.enum(ORDER_STATUSES),
  l: decimal.nullable(),
  L: decimal.nullable(),
  z: decimal,
  Z: decimal,
  t: id.nullable(),
  m: z.boolean().nullable().meta({ description: 'the order is the maker' }),
  n: decimal.nullable(),
  N: name.nullable(),
  T: time,
});

const balanceUpdate = z.strictObject({
  e: z.literal('balanceUpdate'),
  seq,
  E: time,
  a: name,
  f: decimal,
  l: decimal,
  d: signedDecimal,
  r: z.enum(BALANCE_REASONS),
});

export const userEvent = z.discriminatedUnion('e', [executionReport, balanceUpdate]);

/** What was missed of them, or that it is no longer kept and the account is to be read anew. */
export const ownEvents = z.union([z.array(userEvent), z.strictObject({ resync: z.literal(true) })]);

/** Of each kind of stream: how it is named, what it tells when, and the data of its messages. */
export const STREAMS = {
  trade: {
    name: '{market}@trade',
    tells: 'Each trade from the subscription on, once, in the order of the ids.',
    data: trade,
  },
  depth: {
    name: '{market}@depth',
    tells:
      'First the best 5,000 levels a side; then for each batch that changed the book the new quantities of its levels, `"0"` of one that is gone. Each `U` is the last `u` plus one; a reader that was too slow gets a new `depthSnapshot`.',
    data: z.discriminatedUnion('e', [depthSnapshot, depthUpdate]),
  },
  bookTicker: {
    name: '{market}@bookTicker',
    tells: 'The best level of both sides, once for each batch that changed it; null of an empty side.',
    data: bookTicker,
  },
  ticker: { name: '{market}@ticker', tells: 'The last 24 hours by minute, once a second.', data: ticker },
  kline: {
    name: '{market}@kline_{interval}',
    tells:
      'The candle that goes on, at most once a second and where it has changed, and each candle once with `x` true when it is over, also where nothing was traded in it.',
    data: kline,
  },
  user: {
    name: 'user',
    tells:
      'After AUTH: what becomes of the account’s orders and balances. `seq` has no gaps and goes on over restarts; `GET /api/v1/user/events` has what was missed.',
    data: userEvent,
  },
} as const;

export type StreamKind = keyof typeof STREAMS;
export type StreamData<K extends StreamKind> = z.output<(typeof STREAMS)[K]['data']>;

export const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'PING', 'AUTH'] as const;

const MAX_ID_LENGTH = 64;

export const requestId = z
  .union([z.int(), z.string().max(MAX_ID_LENGTH), z.null()])
  .meta({ description: 'chosen by the client, to tell answers apart; null where it chose none' });

export const request = z.strictObject({
  method: z.enum(METHODS),
  params: z.array(z.string()).optional().meta({ description: 'names of streams; of AUTH the token' }),
  id: requestId.optional(),
});

export const SOCKET_CODES = [
  'BAD_JSON',
  'BAD_FIELD',
  'UNKNOWN_METHOD',
  'UNKNOWN_STREAM',
  'UNAUTHENTICATED',
  'TOKEN_EXPIRED',
  'FORBIDDEN',
  'LIMIT_EXCEEDED',
] as const satisfies readonly ErrorCode[];

export const answer = z.strictObject({
  result: z
    .array(z.string())
    .nullable()
    .meta({ description: 'of LIST_SUBSCRIPTIONS the names of the streams' }),
  id: requestId,
});

export const refusal = z.strictObject({
  error: z.strictObject({ code: z.enum(SOCKET_CODES), message: z.string(), field: z.string().optional() }),
  id: requestId,
});
