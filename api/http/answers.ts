/**
 * The form of everything that a client is answered: one strict schema for each route's answer.
 *
 * Guarantees: a handler whose answer has another form does not compile (operation.ts). Answers are not checked while
 * serving; the tests check those of a running exchange.
 */
import { z } from 'zod';
import { ASSET_STATUSES, MARKET_STATUSES } from '../../shared/domain/entities.js';
import { LEDGER_TYPES } from '../../shared/domain/events.js';
import {
  ORDER_STATUSES,
  ORDER_TYPES,
  SELF_TRADE_PREVENTIONS,
  SIDES,
  TIMES_IN_FORCE,
} from '../../shared/domain/orders.js';
import { DECIMAL_PATTERN } from '../../shared/domain/units.js';

export const decimal = z
  .string()
  .regex(DECIMAL_PATTERN)
  .meta({ description: 'a decimal, padded to the scale' });
export const signedDecimal = z.string().regex(/^-?\d{1,20}(\.\d{1,18})?$/);
export const id = z
  .string()
  .regex(/^\d{1,16}$/)
  .meta({ description: 'a decimal integer below 2^53' });
export const time = z.int().min(0).meta({ description: 'milliseconds since the epoch, UTC' });
export const count = z.int().min(0);
export const name = z.string();
export const levels = z
  .array(z.tuple([decimal, decimal]).readonly())
  .meta({ description: '[price, quantity] each, best first' });

function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'null on the last page' }),
  });
}

// Users

const role = z.enum(['USER', 'ADMIN']);

export const session = z.strictObject({
  userId: id,
  email: z.string(),
  role,
  token: z.string(),
  expiresAt: time,
});

const balance = { available: decimal, locked: decimal };

export const profile = z.strictObject({
  userId: id,
  email: z.string(),
  role,
  createdAt: time,
  balances: z.array(z.strictObject({ asset: name, ...balance })),
});

export const transfer = z.strictObject({
  ledgerId: id,
  asset: name,
  amount: decimal,
  balance: z.strictObject(balance),
});

export const ledger = pageOf(
  z.strictObject({
    ledgerId: id,
    asset: name,
    amount: signedDecimal,
    type: z.enum(LEDGER_TYPES),
    reference: z.string().nullable(),
    balanceAfter: signedDecimal,
    time,
  }),
);

// Orders

const fee = { fee: decimal, feeAsset: name };

export const order = z.strictObject({
  orderId: id,
  clientOrderId: z.string(),
  market: name,
  side: z.enum(SIDES),
  type: z.enum(ORDER_TYPES),
  timeInForce: z.enum(TIMES_IN_FORCE),
  price: decimal.nullable().meta({ description: 'null of a MARKET order' }),
  quantity: decimal.nullable().meta({ description: 'null where quoteQuantity says how much' }),
  quoteQuantity: decimal.optional(),
  filledQuantity: decimal,
  filledQuote: decimal,
  averagePrice: decimal.nullable().meta({ description: 'null without fills' }),
  status: z.enum(ORDER_STATUSES),
  selfTradePrevention: z.enum(SELF_TRADE_PREVENTIONS),
  createdAt: time,
  updatedAt: time,
  fills: z
    .array(
      z.strictObject({ tradeId: id, price: decimal, quantity: decimal, ...fee, maker: z.boolean(), time }),
    )
    .optional()
    .meta({ description: 'left out while the history cannot be read' }),
});

export const openOrders = z.array(order);
export const orderHistory = pageOf(order);
export const canceled = z.strictObject({ canceled: z.array(id) });

export const tradeHistory = pageOf(
  z.strictObject({
    tradeId: id,
    orderId: id,
    market: name,
    side: z.enum(SIDES),
    price: decimal,
    quantity: decimal,
    quoteQuantity: decimal,
    ...fee,
    maker: z.boolean(),
    time,
  }),
);

// Market data

export const asset = z.strictObject({ asset: name, decimals: count, status: z.enum(ASSET_STATUSES) });
export const assets = z.array(asset);

export const market = z.strictObject({
  market: name,
  base: name,
  quote: name,
  tickSize: decimal,
  lotSize: decimal,
  minQuantity: decimal,
  maxQuantity: decimal,
  minPrice: decimal,
  maxPrice: decimal,
  minNotional: decimal,
  maxOpenOrders: count,
  makerFee: decimal,
  takerFee: decimal,
  status: z.enum(MARKET_STATUSES),
});
export const markets = z.array(market);

export const serverTime = z.strictObject({ time });

export const depth = z.strictObject({ market: name, lastUpdateId: count, bids: levels, asks: levels });

export const trades = z.array(
  z.strictObject({
    tradeId: id,
    price: decimal,
    quantity: decimal,
    quoteQuantity: decimal,
    time,
    buyerIsMaker: z.boolean(),
  }),
);

/** The last 24 hours by minute; what nothing was traded or offered for is null. */
export const ticker = z.strictObject({
  market: name,
  open: decimal.nullable(),
  high: decimal.nullable(),
  low: decimal.nullable(),
  last: decimal.nullable(),
  volume: decimal,
  quoteVolume: decimal,
  change: signedDecimal.nullable(),
  changePercent: signedDecimal.nullable(),
  trades: count,
  bid: decimal.nullable(),
  bidQuantity: decimal.nullable(),
  ask: decimal.nullable(),
  askQuantity: decimal.nullable(),
  openTime: time,
  closeTime: time,
});

export const tickers = z.union([ticker, z.array(ticker)]);

export const klines = z.array(
  z.strictObject({
    openTime: time,
    open: decimal,
    high: decimal,
    low: decimal,
    close: decimal,
    volume: decimal,
    closeTime: time,
    quoteVolume: decimal,
    trades: count,
    takerBuyVolume: decimal,
    takerBuyQuoteVolume: decimal,
    firstTradeId: z.string().meta({ description: 'a trade id; "-1" of a flat candle' }),
    lastTradeId: z.string().meta({ description: 'a trade id; "-1" of a flat candle' }),
  }),
);

// Health

const serverState = z.enum(['up', 'down']);

export const health = z.strictObject({ status: z.literal('alive') });

export const readiness = z.strictObject({
  ready: z.boolean(),
  sequence: count.nullable(),
  leader: z.strictObject({ instance: z.string(), epoch: count }).nullable(),
  standbys: z.array(z.strictObject({ instance: z.string(), sequence: count, lag: count })),
  redis: serverState,
  postgres: serverState,
  dbWriter: z.strictObject({
    watermark: count.nullable(),
    lag: z.int().nullable().meta({ description: 'commands not yet in Postgres' }),
  }),
});

/** A document of the interface itself. */
export const document = z.record(z.string(), z.unknown());
