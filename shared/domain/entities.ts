/**
 * The state of the exchange: a closed list of entity kinds. Each has one table of fields, from which follow its
 * after-image in the journal, its row in Postgres and its part in the state hash.
 *
 * An entity that is over (`live` false: a filled order, an expired key) leaves the state; its last after-image stays
 * in Postgres as history.
 */
import { amount, type Fields, flag, integer, matching, nullable, oneOf, text } from './fields.js';
import {
  CLIENT_ORDER_ID,
  isOpen,
  ORDER_STATUSES,
  ORDER_TYPES,
  type OrderStatus,
  type OrderType,
  SELF_TRADE_PREVENTIONS,
  type SelfTradePrevention,
  SIDES,
  type Side,
  TIMES_IN_FORCE,
  type TimeInForce,
} from './orders.js';

export const ASSET_STATUSES = ['ACTIVE'] as const;
export type AssetStatus = (typeof ASSET_STATUSES)[number];

/** Only a market that is TRADING takes orders; cancels work in all. DELISTED is final, and ends the open orders. */
export const MARKET_STATUSES = ['TRADING', 'CANCEL_ONLY', 'HALT', 'DELISTED'] as const;
export type MarketStatus = (typeof MARKET_STATUSES)[number];

export const ASSET_NAME = /^[A-Z0-9]{1,10}$/;
export const MARKET_NAME = /^[A-Z0-9]{1,10}_[A-Z0-9]{1,10}$/;

/** Holds the contra side of every deposit, so that each asset sums to zero: the one account that goes below zero. */
export const TREASURY = 1;
/** Receives every fee. */
export const FEES = 2;
/** Users' accounts are numbered from here on. */
export const FIRST_USER = 1001;

export interface Exchange {
  /** Always 1: there is one row. */
  readonly id: number;
  /** Sequence of the last applied command. */
  sequence: number;
  /** Time of the last applied command, in milliseconds since the epoch; never goes backwards. */
  time: number;
  lastLedgerId: number;
}

export interface Asset {
  readonly asset: string;
  /** The smallest unit is 10^-decimals. */
  readonly decimals: number;
  readonly status: AssetStatus;
}

/** What of a market may change. */
export interface MarketLimits {
  /** Lots. */
  minQuantity: number;
  maxQuantity: number;
  /** Ticks. */
  minPrice: number;
  maxPrice: number;
  /** Smallest units of quote. */
  minNotional: bigint;
  /** Per account. */
  maxOpenOrders: number;
  /** In 10^-8 of what is received. */
  makerFee: number;
  takerFee: number;
  status: MarketStatus;
}

export interface Market extends MarketLimits {
  readonly market: string;
  readonly base: string;
  readonly quote: string;
  /** A price is `ticks * tickSize * 10^-priceDecimals`. */
  readonly priceDecimals: number;
  readonly tickSize: number;
  /** Smallest units of base in a lot. */
  readonly lotSize: bigint;
  /** Smallest units of quote in one tick times one lot. */
  readonly tickLotValue: bigint;
  lastTradeId: number;
  /** Rises by one for each command that changed the book. */
  updateId: number;
}

/** Opened by the first report about it. */
export interface Account {
  readonly account: number;
  /** How many reports there have been: the number of the last one. */
  seq: number;
}

export interface Balance {
  readonly account: number;
  readonly asset: string;
  available: bigint;
  locked: bigint;
}

export interface Order {
  /** The sequence of the command that placed it. */
  readonly orderId: number;
  readonly account: number;
  readonly market: string;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly selfTradePrevention: SelfTradePrevention;
  /** Ticks; null for a market order. */
  readonly price: number | null;
  /** Lots; null for a market order by quote. */
  readonly quantity: number | null;
  /** Smallest units of quote; null unless a market order by quote. */
  readonly quoteQuantity: bigint | null;
  /** Lots. */
  filledQuantity: number;
  /** Smallest units of quote. */
  filledQuote: bigint;
  status: OrderStatus;
  /** Its place in the queue of its price level: the sequence that put it there; 0 while not resting. */
  queuePlace: number;
  readonly createdAt: number;
  updatedAt: number;
}

/** Remembers the answer to a deposit or withdrawal, so that the same request again gives the same answer. */
export interface IdempotencyKey {
  readonly account: number;
  readonly key: string;
  readonly type: 'DEPOSIT' | 'WITHDRAWAL';
  readonly asset: string;
  readonly amount: bigint;
  readonly ledgerId: number;
  /** The balance after it. */
  readonly available: bigint;
  readonly locked: bigint;
  readonly time: number;
  expired: boolean;
}

export interface Entities {
  exchange: Exchange;
  asset: Asset;
  market: Market;
  account: Account;
  balance: Balance;
  order: Order;
  idempotencyKey: IdempotencyKey;
}

export type EntityKind = keyof Entities;

type Equal<X, Y, Then, Else> =
  (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? Then : Else;
type IsReadonly<T, K extends keyof T, Then, Else> = Equal<Pick<T, K>, Readonly<Pick<T, K>>, Then, Else>;

/** What an entity is from its first moment to its last: the readonly fields of its interface. */
export type Fixed<T> = { [K in keyof T as IsReadonly<T, K, K, never>]: T[K] };
/** What becomes of it: the others. */
export type Changing<T> = { [K in keyof T as IsReadonly<T, K, never, K>]: T[K] };

/** One field or two. */
export type Key<F extends string = string> = readonly [F] | readonly [F, F];

export interface Kind<T> {
  readonly fixed: Fields<Fixed<T>>;
  readonly changing: Fields<Changing<T>>;
  /** Both, the fixed ones first. */
  readonly fields: Fields<T>;
  readonly table: string;
  /** The fields that name one entity. */
  readonly key: Key<keyof T & string>;
  readonly live: (entity: T) => boolean;
  /** The same in SQL, and the order in which a load must see the rows. */
  readonly liveSql: string;
  readonly orderSql: string;
}

const always = () => true;

const EXCHANGE_FIXED: Fields<Fixed<Exchange>> = { id: integer };
const EXCHANGE_CHANGING: Fields<Changing<Exchange>> = {
  sequence: integer,
  time: integer,
  lastLedgerId: integer,
};
export const EXCHANGE_FIELDS: Fields<Exchange> = { ...EXCHANGE_FIXED, ...EXCHANGE_CHANGING };

const ASSET_FIXED: Fields<Fixed<Asset>> = {
  asset: matching(ASSET_NAME),
  decimals: integer,
  status: oneOf(ASSET_STATUSES),
};
const ASSET_CHANGING: Fields<Changing<Asset>> = {};
export const ASSET_FIELDS: Fields<Asset> = { ...ASSET_FIXED, ...ASSET_CHANGING };

export const MARKET_LIMIT_FIELDS: Fields<MarketLimits> = {
  minQuantity: integer,
  maxQuantity: integer,
  minPrice: integer,
  maxPrice: integer,
  minNotional: amount,
  maxOpenOrders: integer,
  makerFee: integer,
  takerFee: integer,
  status: oneOf(MARKET_STATUSES),
};

const MARKET_FIXED: Fields<Fixed<Market>> = {
  market: matching(MARKET_NAME),
  base: matching(ASSET_NAME),
  quote: matching(ASSET_NAME),
  priceDecimals: integer,
  tickSize: integer,
  lotSize: amount,
  tickLotValue: amount,
};
const MARKET_CHANGING: Fields<Changing<Market>> = {
  ...MARKET_LIMIT_FIELDS,
  lastTradeId: integer,
  updateId: integer,
};
export const MARKET_FIELDS: Fields<Market> = { ...MARKET_FIXED, ...MARKET_CHANGING };

const ACCOUNT_FIXED: Fields<Fixed<Account>> = { account: integer };
const ACCOUNT_CHANGING: Fields<Changing<Account>> = { seq: integer };
const ACCOUNT_FIELDS: Fields<Account> = { ...ACCOUNT_FIXED, ...ACCOUNT_CHANGING };

const BALANCE_FIXED: Fields<Fixed<Balance>> = { account: integer, asset: matching(ASSET_NAME) };
const BALANCE_CHANGING: Fields<Changing<Balance>> = { available: amount, locked: amount };
export const BALANCE_FIELDS: Fields<Balance> = { ...BALANCE_FIXED, ...BALANCE_CHANGING };

const ORDER_FIXED: Fields<Fixed<Order>> = {
  orderId: integer,
  account: integer,
  market: matching(MARKET_NAME),
  clientOrderId: matching(CLIENT_ORDER_ID),
  side: oneOf(SIDES),
  type: oneOf(ORDER_TYPES),
  timeInForce: oneOf(TIMES_IN_FORCE),
  selfTradePrevention: oneOf(SELF_TRADE_PREVENTIONS),
  price: nullable(integer),
  quantity: nullable(integer),
  quoteQuantity: nullable(amount),
  createdAt: integer,
};
const ORDER_CHANGING: Fields<Changing<Order>> = {
  filledQuantity: integer,
  filledQuote: amount,
  status: oneOf(ORDER_STATUSES),
  queuePlace: integer,
  updatedAt: integer,
};
export const ORDER_FIELDS: Fields<Order> = { ...ORDER_FIXED, ...ORDER_CHANGING };

const IDEMPOTENCY_KEY_FIXED: Fields<Fixed<IdempotencyKey>> = {
  account: integer,
  key: text,
  type: oneOf(['DEPOSIT', 'WITHDRAWAL']),
  asset: matching(ASSET_NAME),
  amount: amount,
  ledgerId: integer,
  available: amount,
  locked: amount,
  time: integer,
};
const IDEMPOTENCY_KEY_CHANGING: Fields<Changing<IdempotencyKey>> = { expired: flag };
export const IDEMPOTENCY_KEY_FIELDS: Fields<IdempotencyKey> = {
  ...IDEMPOTENCY_KEY_FIXED,
  ...IDEMPOTENCY_KEY_CHANGING,
};

/** In the order in which a load must see the kinds: each refers only to those before it. */
export const KINDS: { readonly [K in EntityKind]: Kind<Entities[K]> } = {
  exchange: {
    fixed: EXCHANGE_FIXED,
    changing: EXCHANGE_CHANGING,
    fields: EXCHANGE_FIELDS,
    table: 'exchange',
    key: ['id'],
    live: always,
    liveSql: 'TRUE',
    orderSql: 'id',
  },
  asset: {
    fixed: ASSET_FIXED,
    changing: ASSET_CHANGING,
    fields: ASSET_FIELDS,
    table: 'assets',
    key: ['asset'],
    live: always,
    liveSql: 'TRUE',
    orderSql: 'asset',
  },
  market: {
    fixed: MARKET_FIXED,
    changing: MARKET_CHANGING,
    fields: MARKET_FIELDS,
    table: 'markets',
    key: ['market'],
    live: always,
    liveSql: 'TRUE',
    orderSql: 'market',
  },
  account: {
    fixed: ACCOUNT_FIXED,
    changing: ACCOUNT_CHANGING,
    fields: ACCOUNT_FIELDS,
    table: 'accounts',
    key: ['account'],
    live: ({ seq }) => seq > 0,
    liveSql: 'TRUE',
    orderSql: 'account',
  },
  balance: {
    fixed: BALANCE_FIXED,
    changing: BALANCE_CHANGING,
    fields: BALANCE_FIELDS,
    table: 'balances',
    key: ['account', 'asset'],
    live: always,
    liveSql: 'TRUE',
    orderSql: 'account, asset',
  },
  order: {
    fixed: ORDER_FIXED,
    changing: ORDER_CHANGING,
    fields: ORDER_FIELDS,
    table: 'orders',
    // The id alone would do; with the account it is also how an account's orders are found.
    key: ['account', 'orderId'],
    live: order => isOpen(order.status),
    liveSql: "status IN ('NEW', 'PARTIALLY_FILLED')",
    orderSql: 'queue_place, order_id',
  },
  idempotencyKey: {
    fixed: IDEMPOTENCY_KEY_FIXED,
    changing: IDEMPOTENCY_KEY_CHANGING,
    fields: IDEMPOTENCY_KEY_FIELDS,
    table: 'idempotency_keys',
    // After seven days the same key may come again: another entity.
    key: ['ledgerId'],
    live: key => !key.expired,
    liveSql: 'NOT expired',
    orderSql: 'ledger_id',
  },
};

export const ENTITY_KINDS = Object.keys(KINDS) as EntityKind[];
