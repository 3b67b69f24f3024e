/**
 * Everything that can be asked of the engine. A command asks for a change and is sequenced and journaled, refused or
 * not; a query asks for a fact and leaves no trace. Prices are ticks, quantities lots, amounts smallest units.
 */
import {
  ASSET_NAME,
  FIRST_USER,
  MARKET_LIMIT_FIELDS,
  MARKET_NAME,
  MARKET_STATUSES,
  type MarketLimits,
} from './entities.js';
import { amount, type Fields, integer, matching, nullable, oneOf, text } from './fields.js';
import {
  CLIENT_ORDER_ID,
  ORDER_TYPES,
  type OrderType,
  SELF_TRADE_PREVENTIONS,
  type SelfTradePrevention,
  SIDES,
  type Side,
  TIMES_IN_FORCE,
  type TimeInForce,
} from './orders.js';

export interface PlaceOrder {
  account: number;
  market: string;
  clientOrderId: string;
  side: Side;
  type: OrderType;
  timeInForce: TimeInForce;
  selfTradePrevention: SelfTradePrevention;
  /** Ticks; null for a market order. */
  price: number | null;
  /** Lots; null exactly where `quoteQuantity` is given. */
  quantity: number | null;
  /** Smallest units of quote, for a market order that spends or raises at most that much. */
  quoteQuantity: bigint | null;
}

/** Names an order by its id, or by market and client order id. */
export interface OrderName {
  account: number;
  orderId: number | null;
  market: string | null;
  clientOrderId: string | null;
}

export interface AccountOrders {
  account: number;
  /** All markets where null. */
  market: string | null;
}

export interface Transfer {
  account: number;
  asset: string;
  amount: bigint;
  /** The idempotency key. */
  key: string | null;
}

export interface CreateAsset {
  asset: string;
  decimals: number;
}

export interface CreateMarket extends MarketLimits {
  market: string;
  base: string;
  quote: string;
  priceDecimals: number;
  tickSize: number;
  lotSize: bigint;
}

/** Null leaves a limit as it is. */
export type UpdateMarket = { market: string } & { [K in keyof MarketLimits]: MarketLimits[K] | null };

export interface Commands {
  PLACE_ORDER: PlaceOrder;
  CANCEL_ORDER: OrderName;
  CANCEL_ALL: AccountOrders;
  DEPOSIT: Transfer;
  WITHDRAW: Transfer;
  CREATE_ASSET: CreateAsset;
  CREATE_MARKET: CreateMarket;
  UPDATE_MARKET: UpdateMarket;
}

export interface Queries {
  GET_ORDER: OrderName;
  OPEN_ORDERS: AccountOrders;
  BALANCES: { account: number };
  BOOK: { market: string };
  CATALOG: Record<never, never>;
}

type Tagged<T> = { [K in keyof T]: { readonly kind: K; readonly body: T[K] } }[keyof T];

export type CommandKind = keyof Commands;
export type QueryKind = keyof Queries;
export type Command = Tagged<Commands>;
export type Query = Tagged<Queries>;

const assetName = matching(ASSET_NAME);
const marketName = matching(MARKET_NAME);
const clientOrderId = matching(CLIENT_ORDER_ID);

const ORDER_NAME: Fields<OrderName> = {
  account: integer,
  orderId: nullable(integer),
  market: nullable(marketName),
  clientOrderId: nullable(clientOrderId),
};
const ACCOUNT_ORDERS: Fields<AccountOrders> = { account: integer, market: nullable(marketName) };
const TRANSFER: Fields<Transfer> = {
  account: integer,
  asset: assetName,
  amount: amount,
  key: nullable(text),
};
export const COMMAND_FIELDS: { readonly [K in CommandKind]: Fields<Commands[K]> } = {
  PLACE_ORDER: {
    account: integer,
    market: marketName,
    clientOrderId,
    side: oneOf(SIDES),
    type: oneOf(ORDER_TYPES),
    timeInForce: oneOf(TIMES_IN_FORCE),
    selfTradePrevention: oneOf(SELF_TRADE_PREVENTIONS),
    price: nullable(integer),
    quantity: nullable(integer),
    quoteQuantity: nullable(amount),
  },
  CANCEL_ORDER: ORDER_NAME,
  CANCEL_ALL: ACCOUNT_ORDERS,
  DEPOSIT: TRANSFER,
  WITHDRAW: TRANSFER,
  CREATE_ASSET: { asset: assetName, decimals: integer },
  CREATE_MARKET: {
    market: marketName,
    base: assetName,
    quote: assetName,
    priceDecimals: integer,
    tickSize: integer,
    lotSize: amount,
    ...MARKET_LIMIT_FIELDS,
  },
  UPDATE_MARKET: {
    market: marketName,
    minQuantity: nullable(integer),
    maxQuantity: nullable(integer),
    minPrice: nullable(integer),
    maxPrice: nullable(integer),
    minNotional: nullable(amount),
    maxOpenOrders: nullable(integer),
    makerFee: nullable(integer),
    takerFee: nullable(integer),
    status: nullable(oneOf(MARKET_STATUSES)),
  },
};

export const QUERY_FIELDS: { readonly [K in QueryKind]: Fields<Queries[K]> } = {
  GET_ORDER: ORDER_NAME,
  OPEN_ORDERS: ACCOUNT_ORDERS,
  BALANCES: { account: integer },
  BOOK: { market: marketName },
  CATALOG: {},
};

/** Whether the fields of a command or query go together: what a table of single fields cannot say. */
export function isConsistent(request: Command | Query): boolean {
  if ('account' in request.body && request.body.account < FIRST_USER) return false;
  switch (request.kind) {
    case 'PLACE_ORDER':
      return isConsistentOrder(request.body);
    case 'CANCEL_ORDER':
    case 'GET_ORDER':
      return namesOneOrder(request.body);
    default:
      return true;
  }
}

function isConsistentOrder(order: PlaceOrder): boolean {
  if (order.type === 'MARKET') {
    const byQuantity = order.quantity !== null;
    const byQuote = order.quoteQuantity !== null;
    return order.price === null && byQuantity !== byQuote && order.timeInForce === 'IOC';
  }
  if (order.price === null || order.quantity === null || order.quoteQuantity !== null) return false;
  return order.type === 'LIMIT' || order.timeInForce === 'GTC';
}

function namesOneOrder(name: OrderName): boolean {
  const byClient = name.market !== null && name.clientOrderId !== null;
  return name.orderId === null ? byClient : name.market === null && name.clientOrderId === null;
}
