/**
 * What an account is told of itself, at the moment it happens: each report has the next number of its account. Whoever
 * listens makes the report of it; the numbers are state and do not depend on that.
 */
import { type Balance, FIRST_USER, type Order } from '../../shared/domain/entities.js';
import type { Trade } from '../../shared/domain/events.js';
import type { BalanceChange } from '../../shared/domain/reports.js';
import type { Accounts } from './accounts.js';
import type { Ledger } from './ledger.js';

export interface Reporter {
  /** What has become of an order. @param trade that it has just had a part in */
  order(seq: number, order: Order, trade: Trade | null): void;
  /** What an account has now. */
  balance(seq: number, balance: Balance, change: BalanceChange): void;
}

export class Reports {
  /** Where nobody listens, reports are counted only. */
  reporter: Reporter | null = null;
  readonly #accounts: Accounts;
  readonly #ledger: Ledger;

  constructor(accounts: Accounts, ledger: Ledger) {
    this.#accounts = accounts;
    this.#ledger = ledger;
  }

  /** @param holder of the account that is told */
  order(holder: number, order: Order, trade: Trade | null): void {
    const seq = this.#accounts.nextSeq(holder);
    this.reporter?.order(seq, order, trade);
  }

  /** Of users; nobody reads what the exchange's own accounts would be told. @param balance its number */
  balance(holder: number, balance: number, amount: bigint, reason: BalanceChange['reason']): void {
    if (this.#accounts.account(holder) < FIRST_USER) return;
    const seq = this.#accounts.nextSeq(holder);
    this.reporter?.balance(seq, this.#ledger.read(balance), { amount, reason });
  }
}
