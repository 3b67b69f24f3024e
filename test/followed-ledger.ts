/**
 * The ledger, followed entry by entry: what every account has of every asset is the sum of its entries, and each entry
 * says so. Throws at the first that does not.
 */
import assert from 'node:assert/strict';
import type { Image } from '../shared/domain/codec.js';
import { type Event, ledgerEntries } from '../shared/domain/events.js';

export class FollowedLedger {
  #lastLedgerId = 0;
  /** Available and locked together, by account and asset. */
  readonly #funds = new Map<string, bigint>();

  /** Begins with what an entity of a checkpoint says. */
  load({ kind, entity }: Image): void {
    if (kind === 'exchange') this.#lastLedgerId = entity.lastLedgerId;
    if (kind === 'balance') {
      this.#funds.set(`${entity.account} ${entity.asset}`, entity.available + entity.locked);
    }
  }

  follow(event: Event): void {
    const entries = ledgerEntries(event);
    assert.equal(entries.length, 2 * movementsOf(event), `ledger entries of ${event.kind}`);
    const sums = new Map<string, bigint>();
    for (const [index, { ledgerId, account, asset, amount, balanceAfter }] of entries.entries()) {
      const name = `${account} ${asset}`;
      const after = (this.#funds.get(name) ?? 0n) + amount;
      assert.equal(ledgerId, this.#lastLedgerId + 1, 'ledger ids have no gap');
      assert.ok(index % 2 === 0 ? amount < 0n : amount > 0n, 'first pays one, then the other receives');
      assert.equal(balanceAfter, after, `${name} after ledger entry ${ledgerId}`);
      this.#lastLedgerId = ledgerId;
      this.#funds.set(name, after);
      sums.set(asset, (sums.get(asset) ?? 0n) + amount);
    }
    for (const [asset, sum] of sums) assert.equal(sum, 0n, `sum of the entries in ${asset}`);
  }

  /** An entity that a batch changed is what the ledger comes to. */
  check({ kind, entity }: Image): void {
    if (kind === 'exchange') assert.equal(entity.lastLedgerId, this.#lastLedgerId, 'the last ledger id');
    if (kind !== 'balance') return;
    const name = `${entity.account} ${entity.asset}`;
    assert.equal(entity.available + entity.locked, this.#funds.get(name) ?? 0n, `the ledger of ${name}`);
  }
}

/** A trade pays both ways, and a fee where there is one. */
function movementsOf({ kind, body }: Event): number {
  if (kind === 'MOVED') return 1;
  if (kind !== 'TRADE') return 0;
  const { takerFee, takerFeeAfter, makerFee, makerFeeAfter } = body;
  assert.equal(takerFeeAfter === null, takerFee === 0n, "the taker's fee moves what it comes to");
  assert.equal(makerFeeAfter === null, makerFee === 0n, "the maker's fee moves what it comes to");
  return 2 + (takerFee > 0n ? 1 : 0) + (makerFee > 0n ? 1 : 0);
}
