/**
 * Money: what every account has of every asset, and every change of it. For each asset the sum over all accounts is
 * zero after every command; nothing but the treasury goes below zero, or the process ends.
 *
 * A balance is the number of its row: 40 bytes in one buffer with its amounts, which change in place, its term of the
 * state hash and whose it is, so that what a command and the batch's end see of it is one line of cache, or two.
 */
import { type Balance, TREASURY } from '../../shared/domain/entities.js';
import type { Accounts } from './accounts.js';
import { type HashSum, RowHasher } from './hash.js';
import { TouchedRows } from './touched-rows.js';
import { enlarged } from './typed-arrays.js';

const INITIAL_CAPACITY = 4;

/** A row has 5 cells of 8 bytes, which are 10 words. */
const CELLS = 5;
const WORDS = 10;
// Cells.
const AVAILABLE = 0;
const LOCKED = 1;
// Words.
/** The term of the state hash. */
const TERM = 4;
const HOLDER = 8;
/** Its place among the assets. */
const ASSET = 9;

export class Ledger {
  #amounts = new BigInt64Array(INITIAL_CAPACITY * CELLS);
  #words = new Int32Array(this.#amounts.buffer);
  #count = 0;
  readonly #accounts: Accounts;
  readonly #assets: string[] = [];
  readonly #hasher: RowHasher<'balance'>;
  readonly #touched = new TouchedRows();

  /** @param stateHash of which the balances' terms are a part */
  constructor(accounts: Accounts, stateHash: HashSum) {
    this.#accounts = accounts;
    this.#hasher = new RowHasher('balance', stateHash);
  }

  /** A new row. @param holder of the account that has it */
  add(holder: number, { asset, available, locked }: Omit<Balance, 'account'>): number {
    const balance = this.#count++;
    if (balance * CELLS === this.#amounts.length) this.#grow();
    this.#amounts[balance * CELLS + AVAILABLE] = available;
    this.#amounts[balance * CELLS + LOCKED] = locked;
    this.#words[balance * WORDS + HOLDER] = holder;
    this.#words[balance * WORDS + ASSET] = this.#placeOf(asset);
    this.#touched.touch(balance);
    return balance;
  }

  read(balance: number): Balance {
    return {
      account: this.#accounts.account(this.#words[balance * WORDS + HOLDER]!),
      asset: this.asset(balance),
      available: this.available(balance),
      locked: this.#amounts[balance * CELLS + LOCKED]!,
    };
  }

  /** One string for all balances of an asset. */
  asset(balance: number): string {
    return this.#assets[this.#words[balance * WORDS + ASSET]!]!;
  }

  available(balance: number): bigint {
    return this.#amounts[balance * CELLS + AVAILABLE]!;
  }

  /** Reserves what an order needs. */
  lock(balance: number, amount: bigint): void {
    const cell = balance * CELLS;
    this.#amounts[cell + AVAILABLE]! -= amount;
    this.#amounts[cell + LOCKED]! += amount;
    this.#changed(balance);
  }

  unlock(balance: number, amount: bigint): void {
    const cell = balance * CELLS;
    this.#amounts[cell + AVAILABLE]! += amount;
    this.#amounts[cell + LOCKED]! -= amount;
    this.#changed(balance);
  }

  /** Takes out of what is available. */
  take(balance: number, amount: bigint): void {
    this.#amounts[balance * CELLS + AVAILABLE]! -= amount;
    this.#changed(balance);
  }

  takeLocked(balance: number, amount: bigint): void {
    this.#amounts[balance * CELLS + LOCKED]! -= amount;
    this.#changed(balance);
  }

  /** Adds to what is available. */
  give(balance: number, amount: bigint): void {
    this.#amounts[balance * CELLS + AVAILABLE]! += amount;
    this.#changed(balance);
  }

  /** Available and locked together. */
  total(balance: number): bigint {
    const cell = balance * CELLS;
    return this.#amounts[cell + AVAILABLE]! + this.#amounts[cell + LOCKED]!;
  }

  /** Ends the batch: gives the balances that it touched, in the order of the first touch. */
  end(): Balance[] {
    const touched = this.#touched;
    const balances = new Array<Balance>(touched.count);
    for (let place = 0; place < balances.length; place++) {
      const row = touched.at(place);
      const balance = this.read(row);
      this.#hasher.replace(this.#words, row * WORDS + TERM, balance);
      balances[place] = balance;
    }
    touched.clear();
    return balances;
  }

  #changed(balance: number): void {
    const cell = balance * CELLS;
    if (this.#amounts[cell + AVAILABLE]! < 0n || this.#amounts[cell + LOCKED]! < 0n)
      this.#assertTreasury(balance);
    this.#touched.touch(balance);
  }

  #assertTreasury(balance: number): void {
    const { account, asset, available, locked } = this.read(balance);
    if (account === TREASURY) return;
    throw new Error(`account ${account} ${asset}: ${available} available, ${locked} locked`);
  }

  #placeOf(asset: string): number {
    const place = this.#assets.indexOf(asset);
    return place < 0 ? this.#assets.push(asset) - 1 : place;
  }

  #grow(): void {
    this.#amounts = enlarged(this.#amounts);
    this.#words = new Int32Array(this.#amounts.buffer);
  }
}
