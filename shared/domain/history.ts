/**
 * What Postgres keeps of what happened, and when: the rows that are written once.
 *
 * They are made field by field. V8 gives each object that is another one spread, and something more, a hidden class of its
 * own, and whatever reads it then looks every field up: a row took five times as long.
 */
import { LEDGER_ENTRY_FIELDS, type LedgerEntry, TRADE_FIELDS, type Trade } from './events.js';
import { type Fields, integer } from './fields.js';

export interface StoredTrade extends Trade {
  /** Milliseconds since the epoch. */
  time: number;
  /** Of the command that made it. */
  sequence: number;
}

export interface StoredLedgerEntry extends LedgerEntry {
  /** Milliseconds since the epoch. */
  time: number;
}

export const STORED_TRADE_FIELDS: Fields<StoredTrade> = { ...TRADE_FIELDS, time: integer, sequence: integer };
export const STORED_LEDGER_ENTRY_FIELDS: Fields<StoredLedgerEntry> = {
  ...LEDGER_ENTRY_FIELDS,
  time: integer,
};

export function storedTrade(trade: Trade, time: number, sequence: number): StoredTrade {
  return {
    market: trade.market,
    tradeId: trade.tradeId,
    price: trade.price,
    quantity: trade.quantity,
    baseAmount: trade.baseAmount,
    quoteAmount: trade.quoteAmount,
    buyerIsMaker: trade.buyerIsMaker,
    takerOrderId: trade.takerOrderId,
    takerAccount: trade.takerAccount,
    takerFee: trade.takerFee,
    makerOrderId: trade.makerOrderId,
    makerAccount: trade.makerAccount,
    makerFee: trade.makerFee,
    time,
    sequence,
  };
}

export function storedLedgerEntry(entry: LedgerEntry, time: number): StoredLedgerEntry {
  return {
    ledgerId: entry.ledgerId,
    account: entry.account,
    asset: entry.asset,
    amount: entry.amount,
    type: entry.type,
    reference: entry.reference,
    balanceAfter: entry.balanceAfter,
    time,
  };
}
