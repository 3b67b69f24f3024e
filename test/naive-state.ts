/**
 * What the naive exchange remembers: plain lists that are searched from the front, of everything that ever was. The
 * order in which they are filled means nothing.
 */
import {
  type Account,
  type Asset,
  type Balance,
  type Exchange,
  FIRST_USER,
  type IdempotencyKey,
  type Market,
  type Order,
} from '../shared/domain/entities.js';
import type { Event } from '../shared/domain/events.js';

export interface NaiveState {
  readonly exchange: Exchange;
  readonly assets: Asset[];
  readonly markets: Market[];
  /** Those that were reported about. */
  readonly accounts: Account[];
  readonly balances: Balance[];
  /** Ended ones, too. */
  readonly orders: Order[];
  /** Expired ones, too. */
  readonly keys: IdempotencyKey[];
  /** Of the command that is being executed. */
  events: Event[];
}

export function nothingYet(): NaiveState {
  return {
    exchange: { id: 1, sequence: 0, time: 0, lastLedgerId: 0 },
    assets: [],
    markets: [],
    accounts: [],
    balances: [],
    orders: [],
    keys: [],
    events: [],
  };
}

export function assetNamed(state: NaiveState, name: string): Asset | undefined {
  return state.assets.find(({ asset }) => asset === name);
}

export function marketNamed(state: NaiveState, name: string): Market | undefined {
  return state.markets.find(({ market }) => market === name);
}

/** Whether a command names a market that is not there; null names none. */
export function namesUnknownMarket(state: NaiveState, name: string | null): boolean {
  return name !== null && marketNamed(state, name) === undefined;
}

/** One more report about the account; the exchange's own have none. */
export function countReport(state: NaiveState, account: number): void {
  if (account < FIRST_USER) return;
  const known = state.accounts.find(other => other.account === account);
  if (known === undefined) state.accounts.push({ account, seq: 1 });
  else known.seq += 1;
}
