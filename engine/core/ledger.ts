/**
 * Money: what is available, what is locked, and the ledger of every change of their sum. For each asset the sum over
 * all accounts is zero after every command; nothing but the treasury goes below zero, or the process ends.
 */
import { type Balance, FEES, TREASURY } from '../../shared/domain/entities.js';
import type { Movement } from '../../shared/domain/events.js';
import type { Tracked } from './changes.js';
import type { State } from './state.js';

/** What moves, and why. */
export type Cause = Pick<Movement, 'type' | 'asset' | 'amount' | 'market' | 'tradeId' | 'key'>;

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

/** Moves an amount from one account to what is available to another. */
export function move(state: State, from: number, source: Source, to: number, cause: Cause): void {
  const { type, asset, amount, market, tradeId, key } = cause;
  const payer = touched(state, from, asset);
  payer[source] -= amount;
  if (from !== TREASURY) assertNotNegative(payer);
  const fromAfter = payer.available + payer.locked;
  const receiver = touched(state, to, asset);
  receiver.available += amount;
  const toAfter = receiver.available + receiver.locked;
  const ledgerId = state.exchange.lastLedgerId + 1;
  state.exchange.lastLedgerId += 2;
  state.emit({
    kind: 'MOVED',
    body: { ledgerId, type, asset, amount, from, fromAfter, to, toAfter, market, tradeId, key },
  });
}

/** Moves a trade's fee to the fee account; a fee of nothing moves nothing. */
export function chargeFee(state: State, account: number, fee: Omit<Cause, 'type' | 'key'>): void {
  if (fee.amount > 0n) move(state, account, 'available', FEES, { ...fee, type: 'FEE', key: null });
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
