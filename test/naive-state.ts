/**
 * What the naive exchange remembers: plain lists that are searched from the front, of everything that ever was. The
 * order in which they are filled means nothing.
 */
import type { Asset, Balance, Exchange, IdempotencyKey, Market, Order } from '../shared/domain/entities.js';
import type { Event } from '../shared/domain/events.js';

export interface NaiveState {
  readonly exchange: Exchange;
  readonly assets: Asset[];
  readonly markets: Market[];
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
