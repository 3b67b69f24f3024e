/**
 * The form of everything that a client sends: one strict schema for each route's body or query string.
 *
 * Guarantees: what a schema lets through has each field that it needs, no other field, and every field in its form;
 * whether a market exists, a price is on its tick or a limit is kept is decided later. A query string comes as text and
 * leaves its schema as the numbers and flags that it means.
 *
 * An order's schema is chosen by its `type`, so a field that does not go with the type is an unknown one: a `price` on
 * a market order is refused as `UNKNOWN_FIELD`, a `timeInForce` that the type cannot have as `BAD_FIELD`.
 */
import { z } from 'zod';
import { ASSET_NAME, MARKET_NAME, MARKET_STATUSES } from '../../shared/domain/entities.js';
import { INTERVALS } from '../../shared/domain/klines.js';
import {
  CLIENT_ORDER_ID,
  ORDER_STATUSES,
  SELF_TRADE_PREVENTIONS,
  SIDES,
  TIMES_IN_FORCE,
} from '../../shared/domain/orders.js';
import { DECIMAL_PATTERN, MAX_ASSET_DECIMALS } from '../../shared/domain/units.js';
import { EMAIL_FORM } from '../../shared/io/config.js';

const MAX_LIST = 1000;
const DEFAULT_LIST = 100;
const MAX_DEPTH = 5000;
const MAX_MARKET_OPEN_ORDERS = 1_000_000;
const MIN_PASSWORD_LENGTH = 8;
/** Longer ones only cost time. */
const MAX_PASSWORD_LENGTH = 128;
/** RFC 5321, 4.5.3.1. */
const MAX_EMAIL_LENGTH = 254;
const ID_FORM = /^(0|[1-9]\d{0,15})$/;
const COUNT_FORM = /^\d{1,9}$/;
/** Milliseconds up to the year 33658. */
const TIME_FORM = /^\d{1,15}$/;

function text(form: RegExp, description: string) {
  return z.string(`must be ${description}`).regex(form, `must be ${description}`);
}

const decimal = text(DECIMAL_PATTERN, 'a decimal string without sign or exponent, such as "0.05"');
const id = text(ID_FORM, 'a decimal integer below 2^53 as a string')
  .transform(Number)
  .refine(Number.isSafeInteger, 'must be below 2^53');
/** Whether it exists is the catalog's to say. */
const name = z.string('must be a name').min(1, 'must be a name');
const clientOrderId = text(CLIENT_ORDER_ID, '1 to 36 letters, digits, "_" or "-"');
/** No ":", which the keys of our own deposits have. */
const idempotencyKey = text(CLIENT_ORDER_ID, '1 to 36 letters, digits, "_" or "-"');
const time = text(TIME_FORM, 'milliseconds since the epoch').transform(Number);

function count(most: number, otherwise: number) {
  const range = `must be a whole number from 1 to ${most}`;
  return z
    .string(range)
    .regex(COUNT_FORM, range)
    .transform(Number)
    .pipe(z.number().min(1, range).max(most, range))
    .prefault(String(otherwise));
}

export const nothing = z.strictObject({});

// Users

const email = z
  .string('must be an e-mail address')
  .max(MAX_EMAIL_LENGTH, 'must be an e-mail address')
  .regex(EMAIL_FORM, 'must be an e-mail address')
  .toLowerCase();

export const registration = z.strictObject({
  email,
  password: z
    .string('must be a string')
    .min(MIN_PASSWORD_LENGTH, `must have at least ${MIN_PASSWORD_LENGTH} characters`)
    .max(MAX_PASSWORD_LENGTH, `must have at most ${MAX_PASSWORD_LENGTH} characters`),
});

/** Asks less of the password than a registration: the rule may have been another one then. */
export const login = z.strictObject({
  email,
  password: z
    .string('must be a string')
    .min(1, 'must not be empty')
    .max(MAX_PASSWORD_LENGTH, `must have at most ${MAX_PASSWORD_LENGTH} characters`),
});

export const transfer = z.strictObject({ asset: name, amount: decimal, id: idempotencyKey.optional() });

// Orders

const orderFields = {
  market: name,
  side: z.enum(SIDES),
  clientOrderId: clientOrderId.optional(),
  selfTradePrevention: z.enum(SELF_TRADE_PREVENTIONS).default('EXPIRE_MAKER'),
};

const limitOrder = z.strictObject({
  ...orderFields,
  type: z.literal('LIMIT'),
  timeInForce: z.enum(TIMES_IN_FORCE).default('GTC'),
  price: decimal,
  quantity: decimal,
});

const limitMakerOrder = z.strictObject({
  ...orderFields,
  type: z.literal('LIMIT_MAKER'),
  timeInForce: z.literal('GTC').default('GTC'),
  price: decimal,
  quantity: decimal,
});

const marketOrder = z
  .strictObject({
    ...orderFields,
    type: z.literal('MARKET'),
    timeInForce: z.literal('IOC').default('IOC'),
    quantity: decimal.optional(),
    quoteQuantity: decimal.optional(),
  })
  .superRefine(({ quantity, quoteQuantity }, context) => {
    if ((quantity === undefined) === (quoteQuantity === undefined)) {
      const path = [quantity === undefined ? 'quantity' : 'quoteQuantity'];
      context.addIssue({ code: 'custom', path, message: 'exactly one of quantity and quoteQuantity' });
    }
  });

export const order = z.discriminatedUnion('type', [limitOrder, limitMakerOrder, marketOrder]);

/** By `orderId`, or by `market` and `clientOrderId`. */
export const orderName = z
  .strictObject({ orderId: id.optional(), market: name.optional(), clientOrderId: clientOrderId.optional() })
  .superRefine(({ orderId, market, clientOrderId }, context) => {
    const message = 'either orderId, or market and clientOrderId';
    const refuse = (field: string) => context.addIssue({ code: 'custom', path: [field], message });
    if (orderId !== undefined) {
      if (market !== undefined || clientOrderId !== undefined) refuse('orderId');
    } else if (market === undefined && clientOrderId === undefined) refuse('orderId');
    else if (market === undefined) refuse('market');
    else if (clientOrderId === undefined) refuse('clientOrderId');
  });

export const openOrders = z.strictObject({ market: name.optional() });

// History

const page = { cursor: z.string().optional(), limit: count(MAX_LIST, DEFAULT_LIST) };

export const orderHistory = z.strictObject({
  market: name.optional(),
  status: z.enum(ORDER_STATUSES).optional(),
  ...page,
});
export const tradeHistory = z.strictObject({ market: name.optional(), orderId: id.optional(), ...page });
export const ownEvents = z.strictObject({ since: id.prefault('0'), limit: count(MAX_LIST, DEFAULT_LIST) });
export const ledgerHistory = z.strictObject({ asset: name.optional(), ...page });

// Market data

export const depth = z.strictObject({ market: name, limit: count(MAX_DEPTH, DEFAULT_LIST) });
export const publicTrades = z.strictObject({ market: name, limit: count(MAX_LIST, DEFAULT_LIST) });
export const ticker = z.strictObject({ market: name.optional() });
export const klines = z.strictObject({
  market: name,
  /** Its own refusal, `BAD_INTERVAL`, is made where it is used. */
  interval: z.string().meta({ enum: INTERVALS }),
  startTime: time.optional(),
  endTime: time.optional(),
  limit: count(MAX_LIST, DEFAULT_LIST),
  fill: z
    .enum(['true', 'false'])
    .default('false')
    .transform(fill => fill === 'true'),
});

// Administration

const assetName = text(ASSET_NAME, '1 to 10 capital letters or digits');

export const asset = z.strictObject({
  asset: assetName,
  decimals: z.int().min(0).max(MAX_ASSET_DECIMALS),
});

/** What may change later. Prices, quantities and fees (fractions of what is received) are decimals. */
const marketLimits = {
  minQuantity: decimal.optional(),
  maxQuantity: decimal.optional(),
  minPrice: decimal.optional(),
  maxPrice: decimal.optional(),
  minNotional: decimal.optional(),
  maxOpenOrders: z.int().min(1).max(MAX_MARKET_OPEN_ORDERS).optional(),
  makerFee: decimal.optional(),
  takerFee: decimal.optional(),
  status: z.enum(MARKET_STATUSES).optional(),
};

/**
 * `base` and `quote` are the halves of the name unless given. Left out: `minQuantity` is one lot, `minPrice` one tick,
 * `maxQuantity` and `maxPrice` a thousand million of them, or the largest power of ten with which their product stays
 * under 2^62 of the quote's smallest units; `minNotional` and the fees 0, `maxOpenOrders` 1000, `status` `TRADING`.
 */
export const market = z.strictObject({
  market: text(MARKET_NAME, 'two names of 1 to 10 capital letters or digits, such as "BTC_USDT"'),
  base: assetName.optional(),
  quote: assetName.optional(),
  tickSize: decimal,
  lotSize: decimal,
  ...marketLimits,
});

export const marketUpdate = z.strictObject(marketLimits);

export const adminDeposit = z.strictObject({
  userId: id,
  asset: name,
  amount: decimal,
  id: idempotencyKey,
});
