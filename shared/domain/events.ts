/**
 * What happened, in order: the engine's one output besides the state itself. A command gives at least one event;
 * the same commands give the same events, byte for byte. An event's time is its command's.
 */
import { ASSET_NAME, FEES, MARKET_NAME } from './entities.js';
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
 * A trade with the money that it moved: the taker pays the maker, the maker pays the taker, and each pays its fee out of
 * what it received; a fee of nothing moves nothing. A movement has two ledger ids, the payer's and the receiver's, in
 * that order from `ledgerId` on.
 */
export interface SettledTrade extends Trade {
  base: string;
  quote: string;
  ledgerId: number;
  /** What each has after the two payments and before the fees, available and locked together. */
  takerPaidAfter: bigint;
  makerReceivedAfter: bigint;
  makerPaidAfter: bigint;
  takerReceivedAfter: bigint;
  /** What the account of the fees has after each fee; null where there was none. */
  takerFeeAfter: bigint | null;
  makerFeeAfter: bigint | null;
}

/**
 * A deposit or withdrawal: an amount that went from one account to another. Two ledger entries that sum to zero, the
 * payer's `ledgerId` and the receiver's, the next one.
 */
export interface Movement {
  ledgerId: number;
  type: 'DEPOSIT' | 'WITHDRAWAL';
  asset: string;
  /** Smallest units, more than zero. */
  amount: bigint;
  from: number;
  /** What the payer has after it, available and locked together. */
  fromAfter: bigint;
  to: number;
  toAfter: bigint;
  /** The idempotency key, where there is one. */
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
  TRADE: SettledTrade;
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

export const TRADE_FIELDS: Fields<Trade> = {
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
};

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
    ...TRADE_FIELDS,
    base: assetName,
    quote: assetName,
    ledgerId: integer,
    takerPaidAfter: amount,
    makerReceivedAfter: amount,
    makerPaidAfter: amount,
    takerReceivedAfter: amount,
    takerFeeAfter: nullable(amount),
    makerFeeAfter: nullable(amount),
  },
  MOVED: {
    ledgerId: integer,
    type: oneOf(['DEPOSIT', 'WITHDRAWAL']),
    asset: assetName,
    amount,
    from: integer,
    fromAfter: amount,
    to: integer,
    toAfter: amount,
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

/** What an event did to the ledger, in the order of the ledger ids. */
export function ledgerEntries(event: Event): LedgerEntry[] {
  if (event.kind === 'TRADE') return entriesOfTrade(event.body);
  return event.kind === 'MOVED' ? entriesOfMovement(event.body) : [];
}

function entriesOfMovement(movement: Movement): LedgerEntry[] {
  const { ledgerId, type, asset, amount, from, fromAfter, to, toAfter, key } = movement;
  return entriesOf(ledgerId, { type, asset, amount, reference: key }, [from, fromAfter], [to, toAfter]);
}

function entriesOfTrade(trade: SettledTrade): LedgerEntry[] {
  const { takerAccount, takerFee, makerAccount, makerFee, buyerIsMaker, ledgerId } = trade;
  const reference = `${trade.market}:${trade.tradeId}`;
  const base = { asset: trade.base, amount: trade.baseAmount };
  const quote = { asset: trade.quote, amount: trade.quoteAmount };
  const [takers, makers] = buyerIsMaker ? [base, quote] : [quote, base];
  const entries = [
    ...entriesOf(
      ledgerId,
      { type: 'TRADE', reference, ...takers },
      [takerAccount, trade.takerPaidAfter],
      [makerAccount, trade.makerReceivedAfter],
    ),
    ...entriesOf(
      ledgerId + 2,
      { type: 'TRADE', reference, ...makers },
      [makerAccount, trade.makerPaidAfter],
      [takerAccount, trade.takerReceivedAfter],
    ),
  ];
  const addFee = (asset: string, amount: bigint, payer: number, had: bigint, feesAfter: bigint | null) => {
    if (feesAfter === null) return;
    const cause = { type: 'FEE', asset, amount, reference } as const;
    entries.push(...entriesOf(ledgerId + entries.length, cause, [payer, had - amount], [FEES, feesAfter]));
  };
  addFee(makers.asset, takerFee, takerAccount, trade.takerReceivedAfter, trade.takerFeeAfter);
  addFee(takers.asset, makerFee, makerAccount, trade.makerReceivedAfter, trade.makerFeeAfter);
  return entries;
}

type Cause = Pick<LedgerEntry, 'type' | 'asset' | 'amount' | 'reference'>;
type AccountAfter = readonly [account: number, balanceAfter: bigint];

/** The payer's and the receiver's. */
function entriesOf(
  ledgerId: number,
  { asset, amount, type, reference }: Cause,
  [payer, payerAfter]: AccountAfter,
  [receiver, receiverAfter]: AccountAfter,
): [LedgerEntry, LedgerEntry] {
  return [
    { ledgerId, account: payer, asset, amount: -amount, type, reference, balanceAfter: payerAfter },
    {
      ledgerId: ledgerId + 1,
      account: receiver,
      asset,
      amount,
      type,
      reference,
      balanceAfter: receiverAfter,
    },
  ];
}
