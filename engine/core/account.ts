/** Everything of one account besides its orders: what it has, and how many reports there were about it. */
import type { Account as AccountEntity } from '../../shared/domain/entities.js';
import type { ChangesOfKind, Tracking } from './changes.js';

export class Account implements AccountEntity {
  readonly account: number;
  seq = 0;
  readonly tracking: Tracking<'account'>;
  /** The numbers of its balances, by asset. */
  readonly balances = new Map<string, number>();

  constructor(account: number, changes: ChangesOfKind<'account'>) {
    this.account = account;
    this.tracking = changes.track(this);
  }
}
