/**
 * DEPOSIT and WITHDRAW with their idempotency keys, as docs/RULES.md has them.
 */
import type { Answer } from '../shared/domain/answers.js';
import type { Transfer } from '../shared/domain/commands.js';
import { type IdempotencyKey, TREASURY } from '../shared/domain/entities.js';
import { insufficient, type Reject, reject } from '../shared/domain/rejects.js';
import { availableOf, move, touch } from './naive-ledger.js';
import { assetNamed, type NaiveState } from './naive-state.js';

const SEVEN_DAYS_MS = 604_800_000;
const MAX_ISSUED = 2n ** 62n;
/** Old keys that a command forgets, besides the one that it names. */
const FORGOTTEN_AT_ONCE = 2;

type Direction = IdempotencyKey['type'];

export function transfer(state: NaiveState, type: Direction, request: Transfer): Answer | Reject {
  forgetOldKeys(state, request);
  const known = state.keys.find(key => !key.expired && isNamedBy(request, key));
  if (known !== undefined) return repeat(state, known, type, request);
  const refusal = refusalOf(state, type, request);
  if (refusal !== undefined) return refusal;
  return carryOut(state, type, request);
}

function forgetOldKeys(state: NaiveState, request: Transfer): void {
  const old = state.keys
    .filter(key => !key.expired && state.exchange.time - key.time >= SEVEN_DAYS_MS)
    .sort((a, b) => a.ledgerId - b.ledgerId);
  for (const [index, key] of old.entries()) {
    if (index < FORGOTTEN_AT_ONCE || isNamedBy(request, key)) key.expired = true;
  }
}

function isNamedBy(request: Transfer, { account, key }: IdempotencyKey): boolean {
  return account === request.account && key === request.key;
}

function repeat(state: NaiveState, known: IdempotencyKey, type: Direction, request: Transfer) {
  const { account, key, asset, amount, ledgerId, available, locked } = known;
  if (known.type !== type || asset !== request.asset || amount !== request.amount) {
    return reject('DUPLICATE_ID');
  }
  state.events.push({ kind: 'REPEATED', body: { account, key } });
  return transferred({ ledgerId, asset, amount, available, locked });
}

function refusalOf(state: NaiveState, type: Direction, request: Transfer): Reject | undefined {
  const { account, asset, amount } = request;
  if (assetNamed(state, asset) === undefined) return reject('UNKNOWN_ASSET');
  if (amount <= 0n) return reject('AMOUNT_OUT_OF_RANGE');
  if (type === 'DEPOSIT') {
    const issued = -availableOf(state, TREASURY, asset);
    return issued + amount > MAX_ISSUED ? reject('AMOUNT_OUT_OF_RANGE') : undefined;
  }
  const available = availableOf(state, account, asset);
  return available < amount ? insufficient(asset, amount, available) : undefined;
}

function carryOut(state: NaiveState, type: Direction, request: Transfer): Answer {
  const { account, asset, amount, key } = request;
  const [from, to] = type === 'DEPOSIT' ? [TREASURY, account] : [account, TREASURY];
  const moved = move(state, { asset, amount, from, outOf: 'available', to });
  state.events.push({ kind: 'MOVED', body: { type, asset, amount, from, to, key, ...moved } });
  const ledgerId = account === from ? moved.ledgerId : moved.ledgerId + 1;
  const { available, locked } = touch(state, account, asset);
  const result = { ledgerId, asset, amount, available, locked };
  if (key !== null) {
    const { time } = state.exchange;
    state.keys.push({ ...result, account, key, type, time, expired: false });
  }
  return transferred(result);
}

function transferred(transfer: Extract<Answer, { kind: 'TRANSFERRED' }>['transfer']): Answer {
  return { kind: 'TRANSFERRED', transfer };
}
