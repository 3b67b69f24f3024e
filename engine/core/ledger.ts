/**
 * Money: what is available, what is locked, and every movement of it from one account to another. For each asset the
 * sum over all accounts is zero after every command; nothing but the treasury goes below zero, or the process ends.
 */
import { type Balance, TREASURY } from '../../shared/domain/entities.js';
import type { Movement } from '../../shared/domain/events.js';
import type { HeldBalance } from './balance.js';
import type { State } from './state.js';

/** Why something moves. */
export type Cause = Pick<Movement, 'type' | 'market' | 'tradeId' | 'key'>;

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

/** Where a payment comes out of: a taker pays from what is available, a maker from what its order locked. */
export type Source = 'available' | 'locked';

export interface Payment {
  payer: HeldBalance;
  source: Source;
  /** Of the same asset. */
  receiver: HeldBalance;
  /** Smallest units, more than zero. */
  amount: bigint;
}

/** Moves an amount from one account to what is available to another. */
export function move(state: State, { payer, source, receiver, amount }: Payment, cause: Cause): void {
  if (source === 'locked') payer.locked -= amount;
  else payer.available -= amount;
  payer.tracking.touch();
  if (payer.account !== TREASURY) assertNotNegative(payer);
  const fromAfter = payer.available + payer.locked;
  receiver.available += amount;
  receiver.tracking.touch();
  const { exchange } = state;
  const ledgerId = exchange.lastLedgerId + 1;
  exchange.lastLedgerId += 2;
  state.emit({
    kind: 'MOVED',
    body: {
      ledgerId,
      type: cause.type,
      asset: payer.asset,
      amount,
      from: payer.account,
      fromAfter,
      to: receiver.account,
      toAfter: receiver.available + receiver.locked,
      market: cause.market,
      tradeId: cause.tradeId,
      key: cause.key,
    },
  });
}

function assertNotNegative(balance: Balance): void {
  if (balance.available < 0n || balance.locked < 0n) {
    throw new Error(
      `account ${balance.account} ${balance.asset}: ${balance.available} available, ${balance.locked} locked`,
    );
  }
}
