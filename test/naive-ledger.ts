/**
 * Money, as docs/RULES.md has it: balances, the one operation that moves an amount, locks and fees.
 */
import { type Balance, FEES, type Market, type Order } from '../shared/domain/entities.js';
import type { Movement } from '../shared/domain/events.js';
import { countReport, type NaiveState } from './naive-state.js';

const FEE_UNIT = 10n ** 8n;

export interface Move extends Pick<Movement, 'asset' | 'amount' | 'from' | 'to'> {
  outOf: 'available' | 'locked';
}

/** The payer's ledger id, and what both have after their side of the movement. */
export type Moved = Pick<Movement, 'ledgerId' | 'fromAfter' | 'toAfter'>;

/** What the account can use of the asset; looking does not touch it. */
export function availableOf(state: NaiveState, account: number, asset: string): bigint {
  return find(state, account, asset)?.available ?? 0n;
}

/** The account is touched in the asset: from now on it has a balance there. */
export function touch(state: NaiveState, account: number, asset: string): Balance {
  const known = find(state, account, asset);
  if (known !== undefined) return known;
  const fresh = { account, asset, available: 0n, locked: 0n };
  state.balances.push(fresh);
  return fresh;
}

export function move(state: NaiveState, { asset, amount, from, outOf, to }: Move): Moved {
  const ledgerId = state.exchange.lastLedgerId + 1;
  state.exchange.lastLedgerId += 2;
  const payer = touch(state, from, asset);
  payer[outOf] -= amount;
  const fromAfter = payer.available + payer.locked;
  const receiver = touch(state, to, asset);
  receiver.available += amount;
  const toAfter = receiver.available + receiver.locked;
  countReport(state, from);
  countReport(state, to);
  return { ledgerId, fromAfter, toAfter };
}

export function feeOf(received: bigint, rate: number): bigint {
  return (received * BigInt(rate)) / FEE_UNIT;
}

/**
 * The fee on what an account received in a trade. Gives what the account of the fees has then; null where the fee comes
 * to nothing, which is no movement.
 */
export function payFee(state: NaiveState, fee: Pick<Move, 'asset' | 'amount' | 'from'>): bigint | null {
  if (fee.amount === 0n) return null;
  return move(state, { ...fee, outOf: 'available', to: FEES }).toAfter;
}

/** Locks what the rest of the order needs. */
export function lockRest(state: NaiveState, market: Market, order: Order): void {
  const { asset, amount } = needOfRest(market, order);
  const balance = touch(state, order.account, asset);
  balance.available -= amount;
  balance.locked += amount;
  countReport(state, order.account);
}

/** Gives back what the rest of the order has locked. */
export function unlockRest(state: NaiveState, market: Market, order: Order): void {
  const { asset, amount } = needOfRest(market, order);
  const balance = touch(state, order.account, asset);
  balance.locked -= amount;
  balance.available += amount;
  countReport(state, order.account);
}

function needOfRest(market: Market, order: Order): { asset: string; amount: bigint } {
  const rest = BigInt(order.quantity!) - BigInt(order.filledQuantity);
  return order.side === 'BUY'
    ? { asset: market.quote, amount: rest * BigInt(order.price!) * market.tickLotValue }
    : { asset: market.base, amount: rest * market.lotSize };
}

function find(state: NaiveState, account: number, asset: string): Balance | undefined {
  return state.balances.find(balance => balance.account === account && balance.asset === asset);
}
