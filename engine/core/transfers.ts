/**
 * Deposits and withdrawals: between the treasury and a user. A request with an idempotency key that was seen within
 * seven days changes nothing and gets the first answer again.
 */
import type { Answer } from '../../shared/domain/answers.js';
import type { Transfer } from '../../shared/domain/commands.js';
import { type IdempotencyKey, TREASURY } from '../../shared/domain/entities.js';
import { insufficient, type Reject, reject } from '../../shared/domain/rejects.js';
import { MAX_AMOUNT } from '../../shared/domain/units.js';
import { refuse } from './refuse.js';
import type { State } from './state.js';

export const IDEMPOTENCY_KEY_LIFE_MS = 7 * 24 * 3600 * 1000;
/** Keys that one transfer may clear away: more than the one it adds, so that they cannot pile up. */
const EXPIRIES_PER_TRANSFER = 2;

type TransferType = IdempotencyKey['type'];

export function deposit(state: State, body: Transfer): Answer {
  return transfer(state, 'DEPOSIT', body, checkDeposit);
}

export function withdraw(state: State, body: Transfer): Answer {
  return transfer(state, 'WITHDRAWAL', body, checkWithdrawal);
}

type Check = (state: State, body: Transfer) => Reject | null;

function transfer(state: State, type: TransferType, body: Transfer, check: Check): Answer {
  expireKeys(state);
  const known = recall(state, body);
  if (known !== undefined) return repeat(state, known, type, body);
  const problem = check(state, body);
  if (problem !== null) return refuse(state, problem);

  // After this point the command must succeed.
  const { account, asset, amount, key } = body;
  const { ledger } = state;
  const treasury = state.balance(state.treasury, asset);
  const holder = state.accounts.open(account);
  const own = state.balance(holder, asset);
  const [payer, receiver] = type === 'DEPOSIT' ? [treasury, own] : [own, treasury];
  const firstLedgerId = state.takeLedgerIds(2);
  const ledgerId = type === 'DEPOSIT' ? firstLedgerId + 1 : firstLedgerId;
  ledger.take(payer, amount);
  ledger.give(receiver, amount);
  state.emit({
    kind: 'MOVED',
    body: {
      ledgerId: firstLedgerId,
      type,
      asset,
      amount,
      from: type === 'DEPOSIT' ? TREASURY : account,
      fromAfter: ledger.total(payer),
      to: type === 'DEPOSIT' ? account : TREASURY,
      toAfter: ledger.total(receiver),
      key,
    },
  });
  state.reports.balance(holder, own, type === 'DEPOSIT' ? amount : -amount, type);
  const { available, locked } = ledger.read(own);
  const { time } = state.exchange;
  if (key !== null) {
    state.addIdempotencyKey({
      account,
      key,
      type,
      asset,
      amount,
      ledgerId,
      available,
      locked,
      time,
      expired: false,
    });
  }
  return { kind: 'TRANSFERRED', transfer: { ledgerId, asset, amount, available, locked } };
}

function checkDeposit(state: State, { asset, amount }: Transfer): Reject | null {
  if (!state.assets.has(asset)) return reject('UNKNOWN_ASSET');
  const issued = -state.available(state.treasury, asset);
  if (amount <= 0n || issued + amount > MAX_AMOUNT) return reject('AMOUNT_OUT_OF_RANGE');
  return null;
}

function checkWithdrawal(state: State, { account, asset, amount }: Transfer): Reject | null {
  if (!state.assets.has(asset)) return reject('UNKNOWN_ASSET');
  if (amount <= 0n) return reject('AMOUNT_OUT_OF_RANGE');
  const available = state.available(state.accounts.find(account), asset);
  return available < amount ? insufficient(asset, amount, available) : null;
}

function repeat(state: State, known: IdempotencyKey, type: TransferType, body: Transfer): Answer {
  if (known.type !== type || known.asset !== body.asset || known.amount !== body.amount) {
    return refuse(state, reject('DUPLICATE_ID'));
  }
  state.emit({ kind: 'REPEATED', body: { account: known.account, key: known.key } });
  const { ledgerId, asset, amount, available, locked } = known;
  return { kind: 'TRANSFERRED', transfer: { ledgerId, asset, amount, available, locked } };
}

/** The first request with this key, unless it is too long ago. */
function recall(state: State, { account, key }: Transfer): IdempotencyKey | undefined {
  const known = key === null ? undefined : state.idempotencyKey(account, key);
  if (known === undefined || !isOver(state, known)) return known;
  state.expireIdempotencyKey(known);
  return undefined;
}

/** Forgets the oldest keys that are over. */
function expireKeys(state: State): void {
  let expiries = 0;
  for (const key of state.idempotencyKeys.values()) {
    if (!isOver(state, key) || expiries++ === EXPIRIES_PER_TRANSFER) return;
    state.expireIdempotencyKey(key);
  }
}

function isOver(state: State, key: IdempotencyKey): boolean {
  return state.exchange.time - key.time >= IDEMPOTENCY_KEY_LIFE_MS;
}
