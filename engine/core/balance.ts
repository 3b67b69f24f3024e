/** What an account has of an asset. */
import type { Balance } from '../../shared/domain/entities.js';
import type { ChangesOfKind, Tracking } from './changes.js';
import { doubled } from './typed-arrays.js';

const INITIAL_CAPACITY = 16;

/**
 * The amounts of all balances, side by side: 64-bit integers that change in place. As bigints in the balances
 * themselves each change made an object to collect, and cost five times as much (22 ns against 5 for locking).
 */
export class Amounts {
  cells = new BigInt64Array(INITIAL_CAPACITY);
  #count = 0;

  /** A new cell, with nothing in it. */
  take(): number {
    if (this.#count === this.cells.length) this.cells = doubled(this.cells);
    return this.#count++;
  }
}

export class HeldBalance implements Balance {
  readonly account: number;
  readonly asset: string;
  readonly tracking: Tracking<'balance'>;
  readonly #amounts: Amounts;
  readonly #available: number;
  readonly #locked: number;

  constructor(balance: Balance, amounts: Amounts, changes: ChangesOfKind<'balance'>) {
    this.account = balance.account;
    this.asset = balance.asset;
    this.#amounts = amounts;
    this.#available = amounts.take();
    this.#locked = amounts.take();
    this.available = balance.available;
    this.locked = balance.locked;
    this.tracking = changes.track(this);
  }

  get available(): bigint {
    return this.#amounts.cells[this.#available]!;
  }

  set available(amount: bigint) {
    this.#amounts.cells[this.#available] = amount;
  }

  get locked(): bigint {
    return this.#amounts.cells[this.#locked]!;
  }

  set locked(amount: bigint) {
    this.#amounts.cells[this.#locked] = amount;
  }
}
