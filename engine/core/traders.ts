/**
 * The traders: accounts in one market each, with what they pay with there and their open orders.
 *
 * A trader is the number of its row of 24 bytes: there are as many as accounts times markets, and every order needs its
 * own. As objects they took 96 bytes each and two lines of cache.
 */
import type { Side } from '../../shared/domain/orders.js';
import type { Accounts } from './accounts.js';
import { NONE, type OrderSlots } from './order-slots.js';
import type { TradedMarket } from './traded-market.js';
import { enlarged } from './typed-arrays.js';

const INITIAL_CAPACITY = 4;

/** Words of a row. */
const WORDS = 6;
/** Its place among the markets. */
const MARKET = 0;
/** Of its account. */
const HOLDER = 1;
/** Its order that was placed last, from which the others are linked through their slots. */
const NEWEST = 2;
const OPEN_COUNT = 3;
/** The balances that its orders of each side pay with, NONE before there are any. */
const BASE = 4;
const QUOTE = 5;

export class Traders {
  readonly #accounts: Accounts;
  readonly #slots: OrderSlots;
  readonly #markets: TradedMarket[] = [];
  #words = new Int32Array(INITIAL_CAPACITY * WORDS);
  #count = 0;

  constructor(accounts: Accounts, slots: OrderSlots) {
    this.#accounts = accounts;
    this.#slots = slots;
  }

  get count(): number {
    return this.#count;
  }

  /** The trader that an account is in a market, made where there was none. */
  open(account: number, market: TradedMarket): number {
    const known = market.trader(account);
    if (known !== NONE) return known;
    const trader = this.#count++;
    if (trader * WORDS === this.#words.length) this.#words = enlarged(this.#words);
    this.#words.set(
      [this.#placeOf(market), this.#accounts.open(account), NONE, 0, NONE, NONE],
      trader * WORDS,
    );
    market.addTrader(account, trader);
    return trader;
  }

  market(trader: number): TradedMarket {
    return this.#markets[this.#words[trader * WORDS + MARKET]!]!;
  }

  holder(trader: number): number {
    return this.#words[trader * WORDS + HOLDER]!;
  }

  account(trader: number): number {
    return this.#accounts.account(this.holder(trader));
  }

  /** The balance that an order of this side pays with, a buyer's quote, a seller's base; NONE before there is one. */
  funds(trader: number, side: Side): number {
    const word = trader * WORDS + (side === 'BUY' ? QUOTE : BASE);
    const known = this.#words[word]!;
    if (known !== NONE) return known;
    const balance =
      this.#accounts.balances(this.holder(trader)).get(this.market(trader).paidIn(side)) ?? NONE;
    this.#words[word] = balance;
    return balance;
  }

  openCount(trader: number): number {
    return this.#words[trader * WORDS + OPEN_COUNT]!;
  }

  /** Oldest first. */
  openOrders(trader: number): number[] {
    const open: number[] = [];
    for (let order = this.#words[trader * WORDS + NEWEST]!; order !== NONE; order = this.#slots.older(order))
      open.push(order);
    return open.reverse();
  }

  addOpen(trader: number, order: number): void {
    const words = this.#words;
    const word = trader * WORDS;
    const slots = this.#slots;
    const older = words[word + NEWEST]!;
    slots.setOlder(order, older);
    slots.setNewer(order, NONE);
    if (older !== NONE) slots.setNewer(older, order);
    words[word + NEWEST] = order;
    words[word + OPEN_COUNT]!++;
  }

  removeOpen(trader: number, order: number): void {
    const words = this.#words;
    const word = trader * WORDS;
    const slots = this.#slots;
    const older = slots.older(order);
    const newer = slots.newer(order);
    if (older !== NONE) slots.setNewer(older, newer);
    if (newer !== NONE) slots.setOlder(newer, older);
    else words[word + NEWEST] = older;
    words[word + OPEN_COUNT]!--;
  }

  #placeOf(market: TradedMarket): number {
    const place = this.#markets.indexOf(market);
    return place < 0 ? this.#markets.push(market) - 1 : place;
  }
}
