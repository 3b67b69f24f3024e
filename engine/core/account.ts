/** Everything of one account: what it has, and the markets that it trades in. */
import type { Trader } from './trader.js';

export class Account {
  /** The numbers of its balances, by asset. */
  readonly balances = new Map<string, number>();
  /** In the order in which it came to its markets. */
  readonly traders: Trader[] = [];

  constructor(readonly account: number) {}
}
