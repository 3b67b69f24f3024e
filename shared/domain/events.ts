/**
 * What happened, in order: the engine's one output besides the state itself. A command gives at least one event;
 * the same commands give the same events, byte for byte. An event's time is its command's.
 */
import { ASSET_NAME, MARKET_NAME } from './entities.js';
import { amount, type Fields, flag, integer, matching, nullable, oneOf, text } from './fields.js';
import { REJECT_CODES, type RejectCode } from './rejects.js';

export const LEDGER_TYPES = ['DEPOSIT', 'WITHDRAWAL', 'TRADE', 'FEE'] as const;
export type LedgerType = (typeof LEDGER_TYPES)[number];

export const ORDER_ENDS = ['CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH'] as const;
export type OrderEnd = (typeof ORDER_ENDS)[number];

export interface Refused {
  code: RejectCode;
}

export interface OrderPlaced {
  orderId: number;
  account: number;
  market: string;
}

export interface OrderEnded {
  orderId: number;
  account: number;
  market: string;
  status: OrderEnd;
  /** Lots that were not filled; null for a market order by quote. */
  remaining: number | null;
}

/** One match, at the maker's price. Each side pays its fee in what it receives: the buyer base, the seller quote. */
export interface Trade {
  market: string;
  /** Counts from 1 in each market. */
  tradeId: number;
  /** Ticks. */
  price: number;
  /** Lots. */
  quantity: number;
  /** Smallest units. */
  baseAmount: bigint;
  quoteAmount: bigint;
  buyerIsMaker: boolean;
  takerOrderId: number;
  takerAccount: number;
  takerFee: bigint;
  makerOrderId: number;
  makerAccount: number;
  makerFee: bigint;
}

/**
 * An amount that went from one account to another: two ledger entries that sum to zero, the payer's `ledgerId` and the
 * receiver's, the next one.
 */
export interface Movement {
  ledgerId: number;
  type: LedgerType;
  asset: string;
  /** Smallest units, more than zero. */
  amount: bigint;
  from: number;
  /** What the payer has after it, available and locked together. */
  fromAfter: bigint;
  to: number;
  toAfter: bigint;
  /** Of a TRADE or a FEE: the trade. */
  market: string | null;
  tradeId: number | null;
  /** Of a DEPOSIT or WITHDRAWAL: its idempotency key, where it has one. */
  key: string | null;
}

/** One signed change of one account's balance, as it is kept. */
export interface LedgerEntry {
  ledgerId: number;
  account: number;
  asset: string;
  amount: bigint;
  type: LedgerType;
  /** `<market>:<tradeId>`, or the idempotency key of a deposit or withdrawal. */
  reference: string | null;
  /** Available and locked together. */
  balanceAfter: bigint;
}

export interface Events {
  REFUSED: Refused;
  /** A deposit or withdrawal whose idempotency key was known: nothing changed, the first answer was given again. */
  REPEATED: { account: number; key: string };
  ORDER_PLACED: OrderPlaced;
  ORDER_ENDED: OrderEnded;
  /** A cancel-all that found this many orders. */
  CANCELED_ALL: { account: number; orders: number };
  TRADE: Trade;
  MOVED: Movement;
  ASSET_CREATED: { asset: string };
  MARKET_CREATED: { market: string };
  MARKET_UPDATED: { market: string };
}

export type EventKind = keyof Events;
export type Event = { [K in EventKind]: { readonly kind: K; readonly body: Events[K] } }[EventKind];
export type Emit = (event: Event) => void;

const assetName = matching(ASSET_NAME);
const marketName = matching(MARKET_NAME);

export const EVENT_FIELDS: { readonly [K in EventKind]: Fields<Events[K]> } = {
  REFUSED: { code: oneOf(REJECT_CODES) },
  REPEATED: { account: integer, key: text },
  ORDER_PLACED: { orderId: integer, account: integer, market: marketName },
  ORDER_ENDED: {
    orderId: integer,
    account: integer,
    market: marketName,
    status: oneOf(ORDER_ENDS),
    remaining: nullable(integer),
  },
  CANCELED_ALL: { account: integer, orders: integer },
  TRADE: {
    market: marketName,
    tradeId: integer,
    price: integer,
    quantity: integer,
    baseAmount: amount,
    quoteAmount: amount,
    buyerIsMaker: flag,
    takerOrderId: integer,
    takerAccount: integer,
    takerFee: amount,
    makerOrderId: integer,
    makerAccount: integer,
    makerFee: amount,
  },
  MOVED: {
    ledgerId: integer,
    type: oneOf(LEDGER_TYPES),
    asset: assetName,
    amount,
    from: integer,
    fromAfter: amount,
    to: integer,
    toAfter: amount,
    market: nullable(marketName),
    tradeId: nullable(integer),
    key: nullable(text),
  },
  ASSET_CREATED: { asset: assetName },
  MARKET_CREATED: { market: marketName },
  MARKET_UPDATED: { market: marketName },
};

export const LEDGER_ENTRY_FIELDS: Fields<LedgerEntry> = {
  ledgerId: integer,
  account: integer,
  asset: assetName,
  amount,
  type: oneOf(LEDGER_TYPES),
  reference: nullable(text),
  balanceAfter: amount,
};

/** The payer's and the receiver's. */
export function ledgerEntries(movement: Movement): [LedgerEntry, LedgerEntry] {
  const { ledgerId, type, asset, amount, from, fromAfter, to, toAfter, market, tradeId, key } = movement;
  const reference = market === null ? key : `${market}:${tradeId}`;
  const both = { asset, type, reference };
  return [
    { ...both, ledgerId, account: from, amount: -amount, balanceAfter: fromAfter },
    { ...both, ledgerId: ledgerId + 1, account: to, amount, balanceAfter: toAfter },
  ];
}
