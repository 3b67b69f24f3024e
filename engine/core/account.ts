/** Everything of one account: what it has and what it has open. */
import type { Balance } from '../../shared/domain/entities.js';
import type { ChangesOfKind, Tracking } from './changes.js';
import type { OpenOrder } from './open-order.js';

export class Account {
  /** By asset. */
  readonly balances = new Map<string, HeldBalance>();
  /** By market, then by client order id, oldest first. */
  readonly open = new Map<string, Map<string, OpenOrder>>();

  constructor(readonly account: number) {}

  /** What it has of an asset to use, in smallest units. */
  available(asset: string): bigint {
    return this.balances.get(asset)?.available ?? 0n;
  }

  /** Its open orders of a market; none is an empty map that is not kept. */
  openOrders(market: string): ReadonlyMap<string, OpenOrder> {
    return this.open.get(market) ?? NO_ORDERS;
  }
}

const NO_ORDERS: ReadonlyMap<string, OpenOrder> = new Map();

/** Its amounts stand in an array, so that changing them makes no garbage and is arithmetic of 64 bits. */
export class HeldBalance implements Balance {
  readonly account: number;
  readonly asset: string;
  readonly tracking: Tracking<'balance'>;
  readonly #amounts = new BigInt64Array(2);

  constructor({ account, asset, available, locked }: Balance, changes: ChangesOfKind<'balance'>) {
    this.account = account;
    this.asset = asset;
    this.available = available;
    this.locked = locked;
    this.tracking = changes.track(this);
  }

  get available(): bigint {
    return this.#amounts[0]!;
  }

  set available(amount: bigint) {
    this.#amounts[0] = amount;
  }

  get locked(): bigint {
    return this.#amounts[1]!;
  }

  set locked(amount: bigint) {
    this.#amounts[1] = amount;
  }
}
