/** Everything of one account: what it has, and the markets that it trades in. */

import type { HeldBalance } from './balance.js';
import type { Trader } from './trader.js';

export class Account {
  /** By asset. */
  readonly balances = new Map<string, HeldBalance>();
  /** In the order in which it came to its markets. */
  readonly traders: Trader[] = [];

  constructor(readonly account: number) {}

  /** What it has of an asset to use, in smallest units. */
  available(asset: string): bigint {
    return this.balances.get(asset)?.available ?? 0n;
  }
}
