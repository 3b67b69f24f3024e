/**
 * Money: what is available, what is locked, and the ledger of every change of their sum. For each asset the sum over
 * all accounts is zero after every command; nothing but the treasury goes below zero, or the process ends.
 */
import { type Balance, FEES, TREASURY } from '../../shared/domain/entities.js';
import type { LedgerType } from '../../shared/domain/events.js';
import type { Tracked } from './changes.js';
import type { State } from './state.js';

export interface Movement {
  asset: string;
  /** Smallest units, more than zero. */
  amount: bigint;
  type: LedgerType;
  reference: string | null;
}

/** Reserves what an order needs. */
export function lock(state: State, account: number, asset: string, amount: bigint): void {
  const balance = touched(state, account, asset);
  balance.available -= amount;
  balance.locked += amount;
  assertNotNegative(balance);
}

export function unlock(state: State, account: number, asset: string, amount: bigint): void {
  const balance = touched(state, account, asset);
  balance.locked -= amount;
  balance.available += amount;
  assertNotNegative(balance);
}

/** Where a payment comes out of: a taker pays from what is available, a maker from what its order locked. */
export type Source = 'available' | 'locked';

/** Moves an amount from one account to what is available to another: two ledger entries that sum to zero. */
export function move(state: State, from: number, source: Source, to: number, movement: Movement): void {
  const payer = touched(state, from, movement.asset);
  payer[source] -= movement.amount;
  if (from !== TREASURY) assertNotNegative(payer);
  record(state, payer, -movement.amount, movement);
  const receiver = touched(state, to, movement.asset);
  receiver.available += movement.amount;
  record(state, receiver, movement.amount, movement);
}

/** Moves a fee to the fee account; a fee of nothing leaves no entry. */
export function chargeFee(
  state: State,
  account: number,
  asset: string,
  amount: bigint,
  reference: string,
): void {
  if (amount === 0n) return;
  move(state, account, 'available', FEES, { asset, amount, type: 'FEE', reference });
}

function record(state: State, balance: Balance, amount: bigint, { type, reference }: Movement): void {
  state.emit({
    kind: 'LEDGER_ENTRY',
    body: {
      ledgerId: ++state.exchange.lastLedgerId,
      account: balance.account,
      asset: balance.asset,
      amount,
      type,
      reference,
      balanceAfter: balance.available + balance.locked,
    },
  });
}

function touched(state: State, account: number, asset: string): Tracked<Balance> {
  const balance = state.balance(account, asset);
  state.changes.touch(balance.tracking);
  return balance;
}

function assertNotNegative(balance: Balance): void {
  if (balance.available < 0n || balance.locked < 0n) {
    throw new Error(
      `account ${balance.account} ${balance.asset}: ${balance.available} available, ${balance.locked} locked`,
    );
  }
}
