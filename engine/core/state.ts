/**
 * All that the exchange knows, and the ways to find it. Changing a thing is the business of the modules that own its
 * rules; here stand the maps, the counters and the loading of an entity from a checkpoint.
 */
import type { Image, Images } from '../../shared/domain/codec.js';
import {
  type Asset,
  type Balance,
  type IdempotencyKey,
  type Market,
  type Order,
  TREASURY,
} from '../../shared/domain/entities.js';
import type { Emit } from '../../shared/domain/events.js';
import type { Side } from '../../shared/domain/orders.js';
import { Accounts } from './accounts.js';
import { type ActiveOrder, ActiveOrders } from './active-orders.js';
import { Changes, type Tracked, tracked } from './changes.js';
import { HashSum } from './hash.js';
import { Ledger } from './ledger.js';
import { MatchPlan } from './matching.js';
import { OrderIndex } from './order-index.js';
import { OrderRecords } from './order-records.js';
import { NONE, OrderSlots } from './order-slots.js';
import { Reports } from './reports.js';
import { TradedMarket } from './traded-market.js';
import { Traders } from './traders.js';

export class State {
  readonly stateHash = new HashSum();
  readonly changes = new Changes();
  readonly accounts = new Accounts(this.stateHash);
  readonly ledger = new Ledger(this.accounts, this.stateHash);
  readonly reports = new Reports(this.accounts, this.ledger);
  readonly slots = new OrderSlots();
  readonly traders = new Traders(this.accounts, this.slots);
  readonly records = new OrderRecords(this.stateHash);
  readonly openOrders = new OrderIndex(this.slots, this.records);
  readonly orders = new ActiveOrders(this.slots, this.records, this.traders);
  readonly exchange = tracked(this.changes.exchange, { id: 1, sequence: 0, time: 0, lastLedgerId: 0 });
  readonly assets = new Map<string, Tracked<'asset'>>();
  readonly markets = new Map<string, TradedMarket>();
  /** Its holder. */
  readonly treasury = this.accounts.open(TREASURY);
  /** Oldest first. */
  readonly idempotencyKeys = new Map<string, Tracked<'idempotencyKey'>>();
  /** The markets whose books this batch changed. */
  changedBooks: TradedMarket[] = [];
  /** Scratch of the command that is being executed. */
  readonly plan = new MatchPlan();

  constructor(readonly emit: Emit) {
    this.exchange.tracking.touch();
  }

  /** The first of so many ledger ids. */
  takeLedgerIds(count: number): number {
    const first = this.exchange.lastLedgerId + 1;
    this.exchange.lastLedgerId += count;
    return first;
  }

  /** Ends the batch: what it changed, each entity once as it is then. The next change begins a new batch. */
  endBatch(): Images {
    const { accounts, changes, ledger, orders, stateHash } = this;
    return {
      exchange: changes.exchange.end(stateHash),
      asset: changes.asset.end(stateHash),
      market: changes.market.end(stateHash),
      account: accounts.end(),
      balance: ledger.end(),
      order: orders.end(),
      idempotencyKey: changes.idempotencyKey.end(stateHash),
    };
  }

  addAsset(asset: Asset): void {
    const added = tracked(this.changes.asset, asset);
    this.assets.set(asset.asset, added);
    added.tracking.touch();
  }

  addMarket(market: Market): void {
    const added = new TradedMarket(market, this.slots, this.changes.market);
    this.markets.set(market.market, added);
    added.tracking.touch();
  }

  /** The number of a balance, made with nothing in it where there was none. */
  balance(holder: number, asset: string): number {
    const known = this.accounts.balances(holder).get(asset);
    return known ?? this.#addBalance(holder, { asset, available: 0n, locked: 0n });
  }

  /** What an account has of an asset to use, in smallest units. @param holder or NONE */
  available(holder: number, asset: string): bigint {
    const balance = holder === NONE ? undefined : this.accounts.balances(holder).get(asset);
    return balance === undefined ? 0n : this.ledger.available(balance);
  }

  #addBalance(holder: number, balance: Omit<Balance, 'account'>): number {
    const added = this.ledger.add(holder, balance);
    // Not the name that came with it: each row of a checkpoint has a string of its own.
    this.accounts.balances(holder).set(this.ledger.asset(added), added);
    return added;
  }

  /** What the trader's orders of this side pay with, made where there was none. */
  funds(trader: number, side: Side): number {
    const { traders } = this;
    const known = traders.funds(trader, side);
    return known === NONE ? this.balance(traders.holder(trader), traders.market(trader).paidIn(side)) : known;
  }

  /** Makes an order findable and puts the rest of it at the back of its queue. */
  rest(active: ActiveOrder): void {
    const { order, trader, market } = active;
    const slot = this.orders.rest(active);
    market.book.add(slot, order.side, order.price!);
    this.traders.addOpen(trader, slot);
    this.openOrders.add(slot, trader);
  }

  /** The order rests no longer; the book has let go of it. */
  leave(active: ActiveOrder): void {
    const { slot, trader } = active;
    this.traders.removeOpen(trader, slot);
    this.openOrders.delete(slot);
    this.orders.leave(active);
  }

  idempotencyKey(account: number, key: string): Tracked<'idempotencyKey'> | undefined {
    return this.idempotencyKeys.get(keyName(account, key));
  }

  addIdempotencyKey(key: IdempotencyKey): void {
    const added = tracked(this.changes.idempotencyKey, key);
    this.idempotencyKeys.set(keyName(key.account, key.key), added);
    added.tracking.touch();
  }

  expireIdempotencyKey(key: Tracked<'idempotencyKey'>): void {
    this.idempotencyKeys.delete(keyName(key.account, key.key));
    key.expired = true;
    key.tracking.touch();
  }

  /** Takes one entity from a checkpoint, in the order of KINDS. The image is the state's from then on. */
  load(image: Image): void {
    switch (image.kind) {
      case 'exchange':
        Object.assign(this.exchange, image.entity);
        this.exchange.tracking.forgetFixed();
        this.exchange.tracking.touch();
        break;
      case 'asset':
        this.addAsset(image.entity);
        break;
      case 'market':
        this.addMarket(image.entity);
        break;
      case 'account':
        this.accounts.load(image.entity);
        break;
      case 'balance':
        this.#addBalance(this.accounts.open(image.entity.account), image.entity);
        break;
      case 'order':
        this.#loadOrder(image.entity);
        break;
      case 'idempotencyKey':
        this.addIdempotencyKey(image.entity);
        break;
    }
  }

  #loadOrder(order: Order): void {
    const trader = this.traders.open(order.account, this.markets.get(order.market)!);
    this.rest(this.orders.add(order, trader));
  }
}

function keyName(account: number, key: string): string {
  return `${account}/${key}`;
}
