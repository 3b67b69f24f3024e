/**
 * The accounts: how many reports there were about each, and which balances it has.
 *
 * An account is the number of its row, its holder: 32 bytes in one buffer with its term of the state hash, so that what
 * a command changes of it is one line of cache, or two.
 */
import type { Account } from '../../shared/domain/entities.js';
import { type HashSum, RowHasher, TERM_WORDS } from './hash.js';
import { NONE } from './order-slots.js';
import { TouchedRows } from './touched-rows.js';
import { enlarged } from './typed-arrays.js';

const INITIAL_CAPACITY = 4;

/** A row has 4 cells of 8 bytes, which are 8 words. */
const CELLS = 4;
const WORDS = 8;
// Cells.
const ACCOUNT = 0;
const SEQ = 1;
// Words.
const TERM = WORDS - TERM_WORDS;

export class Accounts {
  #numbers = new Float64Array(INITIAL_CAPACITY * CELLS);
  #words = new Int32Array(this.#numbers.buffer);
  /** By account. */
  readonly #holders = new Map<number, number>();
  /** By holder: the numbers of its balances, by asset. */
  readonly #balances: Map<string, number>[] = [];
  readonly #hasher: RowHasher<'account'>;
  readonly #touched = new TouchedRows();

  /** @param stateHash of which the accounts' terms are a part */
  constructor(stateHash: HashSum) {
    this.#hasher = new RowHasher('account', stateHash);
  }

  /** NONE where the account is not known. */
  find(account: number): number {
    return this.#holders.get(account) ?? NONE;
  }

  /** The holder of an account, made where there was none. */
  open(account: number): number {
    const known = this.find(account);
    if (known !== NONE) return known;
    const holder = this.#balances.length;
    if (holder * CELLS === this.#numbers.length) this.#grow();
    this.#numbers[holder * CELLS + ACCOUNT] = account;
    this.#holders.set(account, holder);
    this.#balances.push(new Map());
    return holder;
  }

  /** From a checkpoint. */
  load({ account, seq }: Account): void {
    const holder = this.open(account);
    this.#numbers[holder * CELLS + SEQ] = seq;
    this.#touched.touch(holder);
  }

  holders(): Iterable<number> {
    return this.#holders.values();
  }

  read(holder: number): Account {
    return { account: this.account(holder), seq: this.#numbers[holder * CELLS + SEQ]! };
  }

  account(holder: number): number {
    return this.#numbers[holder * CELLS + ACCOUNT]!;
  }

  /** The numbers of its balances, by asset. */
  balances(holder: number): Map<string, number> {
    return this.#balances[holder]!;
  }

  /** The number of one more report about it. */
  nextSeq(holder: number): number {
    this.#touched.touch(holder);
    return ++this.#numbers[holder * CELLS + SEQ]!;
  }

  /** Ends the batch: gives the accounts that it touched, in the order of the first touch. */
  end(): Account[] {
    const touched = this.#touched;
    const accounts = new Array<Account>(touched.count);
    for (let place = 0; place < accounts.length; place++) {
      const holder = touched.at(place);
      const account = this.read(holder);
      this.#hasher.replace(this.#words, holder * WORDS + TERM, account);
      accounts[place] = account;
    }
    touched.clear();
    return accounts;
  }

  #grow(): void {
    this.#numbers = enlarged(this.#numbers);
    this.#words = new Int32Array(this.#numbers.buffer);
  }
}
