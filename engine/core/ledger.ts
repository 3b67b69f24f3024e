/**
 * Money: what every account has of every asset, and every change of it. For each asset the sum over all accounts is
 * zero after every command; nothing but the treasury goes below zero, or the process ends.
 *
 * A balance is the number of its row: 40 bytes in one buffer, with its amounts, which change in place, and its term of
 * the state hash, so that what a command changes of it is one or two lines of cache.
 */
import { type Balance, TREASURY } from '../../shared/domain/entities.js';
import { EntityHasher, type HashSum, HashTerm } from './hash.js';

const INITIAL_CAPACITY = 4;

/** A row has 5 cells of 8 bytes, which are 10 words. */
const CELLS = 5;
const WORDS = 10;
// Cells.
const AVAILABLE = 0;
const LOCKED = 1;
// Words.
/** The term of the state hash: five words. */
const TERM = 4;
const TOUCHED = 9;

export class Ledger {
  #buffer = new ArrayBuffer(INITIAL_CAPACITY * CELLS * 8);
  #amounts = new BigInt64Array(this.#buffer);
  #words = new Int32Array(this.#buffer);
  // By row.
  readonly #accounts: number[] = [];
  readonly #assets: string[] = [];

  readonly #stateHash: HashSum;
  readonly #hasher = new EntityHasher('balance');
  /** The term of the balance that is being hashed. */
  readonly #term = new HashTerm();
  /** The first `#touchedCount` of them are this batch's. */
  readonly #touched: number[] = [];
  #touchedCount = 0;

  /** @param stateHash of which the balances' terms are a part */
  constructor(stateHash: HashSum) {
    this.#stateHash = stateHash;
  }

  /** A new row. */
  add({ account, asset, available, locked }: Balance): number {
    const balance = this.#accounts.length;
    if (balance * CELLS === this.#amounts.length) this.#grow();
    this.#accounts.push(account);
    this.#assets.push(asset);
    this.#amounts[balance * CELLS + AVAILABLE] = available;
    this.#amounts[balance * CELLS + LOCKED] = locked;
    this.#touch(balance);
    return balance;
  }

  read(balance: number): Balance {
    return {
      account: this.#accounts[balance]!,
      asset: this.#assets[balance]!,
      available: this.available(balance),
      locked: this.#amounts[balance * CELLS + LOCKED]!,
    };
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
    const balances = new Array<Balance>(this.#touchedCount);
    for (let i = 0; i < balances.length; i++) balances[i] = this.#end(this.#touched[i]!);
    this.#touchedCount = 0;
    return balances;
  }

  #end(balance: number): Balance {
    const entity = this.read(balance);
    const word = balance * WORDS;
    const term = this.#term;
    term.read(this.#words, word + TERM);
    this.#stateHash.subtract(term);
    this.#hasher.hash(entity, term);
    this.#stateHash.add(term);
    term.write(this.#words, word + TERM);
    this.#words[word + TOUCHED] = 0;
    return entity;
  }

  #changed(balance: number): void {
    const cell = balance * CELLS;
    if (this.#amounts[cell + AVAILABLE]! < 0n || this.#amounts[cell + LOCKED]! < 0n)
      this.#assertTreasury(balance);
    this.#touch(balance);
  }

  #touch(balance: number): void {
    const word = balance * WORDS + TOUCHED;
    if (this.#words[word] === 1) return;
    this.#words[word] = 1;
    this.#touched[this.#touchedCount++] = balance;
  }

  #assertTreasury(balance: number): void {
    const { account, asset, available, locked } = this.read(balance);
    if (account === TREASURY) return;
    throw new Error(`account ${account} ${asset}: ${available} available, ${locked} locked`);
  }

  #grow(): void {
    const amounts = this.#amounts;
    this.#buffer = new ArrayBuffer(this.#buffer.byteLength * 2);
    this.#amounts = new BigInt64Array(this.#buffer);
    this.#words = new Int32Array(this.#buffer);
    this.#amounts.set(amounts);
  }
}
