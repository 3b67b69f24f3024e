/**
 * What the published document says of each operation, next to what follows from its schemas.
 *
 * Guarantees: an operation without an entry does not compile.
 */
import type { ErrorCode } from '../errors.js';
import type { OperationName } from './operations.js';

export interface Documentation {
  readonly summary: string;
  readonly description?: string;
  /** Beyond what every operation of its kind refuses. */
  readonly refuses: readonly ErrorCode[];
  /** Statuses by which the same answer may come, too. */
  readonly alsoAnswersWith?: readonly number[];
}

/** Of a question that only the engine can answer. */
const ASKED = ['SERVER_BUSY', 'UNKNOWN_OUTCOME'] as const;
/** Of a command, which the engine carries out or refuses. */
const COMMANDED = [...ASKED, 'EXPIRED_IN_QUEUE'] as const;
const ORDER_REFUSALS = [
  'UNKNOWN_MARKET',
  'DUPLICATE_CLIENT_ORDER_ID',
  'INSUFFICIENT_BALANCE',
  'PRICE_OFF_TICK',
  'QUANTITY_OFF_LOT',
  'QUANTITY_OUT_OF_RANGE',
  'PRICE_OUT_OF_RANGE',
  'AMOUNT_OUT_OF_RANGE',
  'MIN_NOTIONAL',
  'WOULD_TAKE',
  'NO_LIQUIDITY',
  'MARKET_NOT_TRADING',
  'TOO_MANY_ORDERS',
  'LIMIT_EXCEEDED',
] as const;
/** Of a market's limits. */
const STEP_REFUSALS = [
  'PRICE_OFF_TICK',
  'QUANTITY_OFF_LOT',
  'PRICE_OUT_OF_RANGE',
  'QUANTITY_OUT_OF_RANGE',
  'AMOUNT_OUT_OF_RANGE',
] as const;
const PAGED = ['BAD_CURSOR', 'HISTORY_UNAVAILABLE'] as const;

export const DOCUMENTATION: Readonly<Record<OperationName, Documentation>> = {
  register: {
    summary: 'A new user',
    description:
      '201 with a token. The new account gets the exchange’s sign-up balance, if it has one: for each asset a deposit, `signup:<asset>`.',
    refuses: ['DUPLICATE_EMAIL', 'HISTORY_UNAVAILABLE', 'SERVER_BUSY'],
  },
  logIn: {
    summary: 'A token for a user',
    refuses: ['BAD_CREDENTIALS', 'HISTORY_UNAVAILABLE', 'SERVER_BUSY'],
  },
  profile: {
    summary: 'The caller and the account’s balances',
    description: 'Every listed asset has its balance, as the engine has it.',
    refuses: [...ASKED, 'HISTORY_UNAVAILABLE'],
  },
  deposit: {
    summary: 'Money into the account',
    description: 'With an `id`, the same request again gives the same answer and moves nothing, for 7 days.',
    refuses: [...COMMANDED, 'UNKNOWN_ASSET', 'AMOUNT_OUT_OF_RANGE', 'DUPLICATE_ID'],
  },
  withdraw: {
    summary: 'Money out of the account',
    description: 'With an `id`, the same request again gives the same answer and moves nothing, for 7 days.',
    refuses: [...COMMANDED, 'UNKNOWN_ASSET', 'AMOUNT_OUT_OF_RANGE', 'INSUFFICIENT_BALANCE', 'DUPLICATE_ID'],
  },
  placeOrder: {
    summary: 'A new order',
    description:
      'Of a MARKET order either `quantity` or `quoteQuantity` says how much. After UNKNOWN_OUTCOME ask by `clientOrderId`: past the command’s deadline the answer is final.',
    refuses: [...COMMANDED, ...ORDER_REFUSALS],
  },
  getOrder: {
    summary: 'One order, open or not',
    description: 'By `orderId`, or by `market` and `clientOrderId`: then the newest of that name.',
    refuses: [...ASKED, 'UNKNOWN_ORDER', 'UNKNOWN_MARKET', 'HISTORY_UNAVAILABLE'],
  },
  openOrders: {
    summary: 'The account’s open orders, oldest first',
    description: 'Of all markets where none is named.',
    refuses: [...ASKED, 'UNKNOWN_MARKET'],
  },
  cancelOrder: {
    summary: 'Cancel one order',
    description: 'By `orderId`, or by `market` and `clientOrderId`.',
    refuses: [...COMMANDED, 'UNKNOWN_ORDER', 'UNKNOWN_MARKET'],
  },
  cancelAll: {
    summary: 'Cancel all open orders',
    description: 'Of all markets where none is named.',
    refuses: [...COMMANDED, 'UNKNOWN_MARKET'],
  },
  orderHistory: {
    summary: 'The account’s orders, newest first',
    refuses: [...PAGED, 'UNKNOWN_MARKET'],
  },
  tradeHistory: {
    summary: 'The account’s fills, newest first',
    refuses: [...PAGED, 'UNKNOWN_MARKET'],
  },
  ledgerHistory: {
    summary: 'Every change of the account’s balances, newest first',
    refuses: [...PAGED, 'UNKNOWN_ASSET'],
  },
  ownEvents: {
    summary: 'What was reported to the account, oldest first',
    description:
      'The events of the `user` stream with a `seq` above `since`; `{"resync":true}` where some of them are no longer kept. Then read balances and open orders anew.',
    refuses: [...ASKED, 'HISTORY_UNAVAILABLE'],
  },
  getMarkets: {
    summary: 'All markets with their rules',
    description: 'Keep it, and ask again with its `ETag`.',
    refuses: [],
  },
  getAssets: {
    summary: 'All assets',
    description: 'Keep it, and ask again with its `ETag`.',
    refuses: [],
  },
  getTime: {
    summary: 'The server’s time',
    refuses: [],
  },
  getDepth: {
    summary: 'The best levels of a market’s book',
    refuses: ['UNKNOWN_MARKET', 'SERVER_BUSY'],
  },
  getTrades: {
    summary: 'A market’s newest trades, newest first',
    description: 'Trade ids count from 1 in each market.',
    refuses: ['UNKNOWN_MARKET'],
  },
  getTickers: {
    summary: 'The last 24 hours of a market, by minute',
    description: 'Of all markets where none is named; what there is none of is null.',
    refuses: ['UNKNOWN_MARKET', 'SERVER_BUSY'],
  },
  getKlines: {
    summary: 'A market’s candles, oldest first',
    description:
      'From `startTime` to `endTime`, both included: the oldest `limit` of them, or without `startTime` the newest. `fill=true` adds flat candles where nothing was traded. Weeks begin on Monday, `3d` counts from 1970-01-01, all in UTC.',
    refuses: ['UNKNOWN_MARKET', 'BAD_INTERVAL', 'HISTORY_UNAVAILABLE'],
  },
  createAsset: {
    summary: 'A new asset',
    description: 'Its decimals never change.',
    refuses: [...COMMANDED, 'ALREADY_EXISTS', 'LIMIT_EXCEEDED'],
  },
  createMarket: {
    summary: 'A new market',
    description:
      'One tick times one lot must be a whole number of the quote asset’s smallest unit. What is left out is as wide as can be.',
    refuses: [...COMMANDED, 'ALREADY_EXISTS', 'UNKNOWN_ASSET', 'LIMIT_EXCEEDED', ...STEP_REFUSALS],
  },
  updateMarket: {
    summary: 'Change a market’s limits, fees or status',
    description:
      'What is left out stays. Cancels work in every status. `DELISTED` is for ever: it ends the open orders, and nothing of the market changes again.',
    refuses: [...COMMANDED, 'UNKNOWN_MARKET', 'MARKET_NOT_TRADING', ...STEP_REFUSALS],
  },
  depositForUser: {
    summary: 'Money into a user’s account',
    description: 'The same `id` again gives the same answer and moves nothing.',
    refuses: [
      ...COMMANDED,
      'UNKNOWN_USER',
      'UNKNOWN_ASSET',
      'AMOUNT_OUT_OF_RANGE',
      'DUPLICATE_ID',
      'HISTORY_UNAVAILABLE',
    ],
  },
  getHealth: {
    summary: 'Whether this process lives',
    refuses: [],
  },
  getReadiness: {
    summary: 'Whether orders can be taken, and the state of each part',
    description: '503 with the same report while they cannot.',
    refuses: [],
    alsoAnswersWith: [503],
  },
  getOpenApi: {
    summary: 'This document',
    description: 'OpenAPI 3.1, from the schemas by which requests are checked.',
    refuses: [],
  },
  getAsyncApi: {
    summary: 'The streams of the WebSocket',
    description: 'AsyncAPI 3.0, of `/api/v1/ws`.',
    refuses: [],
  },
};
