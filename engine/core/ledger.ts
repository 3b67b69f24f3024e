/**
 * Money: what is available, what is locked, and every change of it. For each asset the sum over all accounts is zero
 * after every command; nothing but the treasury goes below zero, or the process ends.
 */
import { type Balance, TREASURY } from '../../shared/domain/entities.js';
import type { Movement } from '../../shared/domain/events.js';
import type { HeldBalance } from './balance.js';
import type { State } from './state.js';

/** Reserves what an order needs. */
export function lock(balance: HeldBalance, amount: bigint): void {
  balance.available -= amount;
  balance.locked += amount;
  balance.tracking.touch();
  assertNotNegative(balance);
}

export function unlock(balance: HeldBalance, amount: bigint): void {
  lock(balance, -amount);
}

/** Takes an amount out of what is available; gives what the account has then, available and locked together. */
export function takeAvailable(balance: HeldBalance, amount: bigint): bigint {
  balance.available -= amount;
  return changed(balance);
}

/** The same out of what is locked. */
export function takeLocked(balance: HeldBalance, amount: bigint): bigint {
  balance.locked -= amount;
  return changed(balance);
}

/** Adds an amount to what is available; gives what the account has then. */
export function give(balance: HeldBalance, amount: bigint): bigint {
  balance.available += amount;
  return changed(balance);
}

function changed(balance: HeldBalance): bigint {
  balance.tracking.touch();
  if (balance.account !== TREASURY) assertNotNegative(balance);
  return balance.available + balance.locked;
}

export interface Transfer extends Pick<Movement, 'type' | 'amount' | 'key'> {
  payer: HeldBalance;
  /** Of the same asset. */
  receiver: HeldBalance;
}

/** Moves an amount from what one account has available to another. Gives the payer's ledger id. */
export function move(state: State, { type, payer, receiver, amount, key }: Transfer): number {
  const ledgerId = state.takeLedgerIds(2);
  const fromAfter = takeAvailable(payer, amount);
  const toAfter = give(receiver, amount);
  const [from, to] = [payer.account, receiver.account];
  state.emit({
    kind: 'MOVED',
    body: { ledgerId, type, asset: payer.asset, amount, from, fromAfter, to, toAfter, key },
  });
  return ledgerId;
}

function assertNotNegative(balance: Balance): void {
  if (balance.available < 0n || balance.locked < 0n) {
    throw new Error(
      `account ${balance.account} ${balance.asset}: ${balance.available} available, ${balance.locked} locked`,
    );
  }
}
