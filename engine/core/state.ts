/**
 * All that the exchange knows, and the ways to find it. Changing a thing is the business of the modules that own its
 * rules; here stand the maps, the counters and the loading of an entity from a checkpoint.
 */
import type { Image } from '../../shared/domain/codec.js';
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
import { Account } from './account.js';
import { Amounts, HeldBalance } from './balance.js';
import { Changes, type Tracked, tracked } from './changes.js';
import { MatchPlan } from './matching.js';
import { OrderIndex } from './order-index.js';
import { OrderRecords } from './order-records.js';
import { OrderSlots } from './order-slots.js';
import { TradedMarket } from './traded-market.js';
import { Trader } from './trader.js';

export class State {
  /** Of the orders that are open, and of those that ended in this batch. */
  readonly slots = new OrderSlots();
  readonly orders = new OrderRecords();
  readonly openOrders = new OrderIndex(this.slots, this.orders);
  /** By number. */
  readonly traders: Trader[] = [];
  readonly changes = new Changes(this.slots, this.orders, this.traders);
  readonly exchange = tracked(this.changes.exchange, { id: 1, sequence: 0, time: 0, lastLedgerId: 0 });
  readonly assets = new Map<string, Tracked<'asset'>>();
  readonly markets = new Map<string, TradedMarket>();
  readonly accounts = new Map<number, Account>();
  readonly treasury = this.account(TREASURY);
  /** Oldest first. */
  readonly idempotencyKeys = new Map<string, Tracked<'idempotencyKey'>>();
  /** The markets whose books this batch changed, with the first update id of the batch. */
  readonly changedBooks = new Map<TradedMarket, number>();
  /** Scratch of the command that is being executed. */
  readonly plan = new MatchPlan();
  readonly #amounts = new Amounts();

  constructor(readonly emit: Emit) {
    this.exchange.tracking.touch();
  }

  account(account: number): Account {
    const known = this.accounts.get(account);
    if (known !== undefined) return known;
    const opened = new Account(account);
    this.accounts.set(account, opened);
    return opened;
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

  /** The balance, made with nothing in it where there was none. */
  balance(holder: Account, asset: string): HeldBalance {
    const known = holder.balances.get(asset);
    if (known !== undefined) return known;
    return this.#addBalance(holder, { account: holder.account, asset, available: 0n, locked: 0n });
  }

  #addBalance(holder: Account, balance: Balance): HeldBalance {
    const added = new HeldBalance(balance, this.#amounts, this.changes.balance);
    holder.balances.set(balance.asset, added);
    added.tracking.touch();
    return added;
  }

  trader(account: number, market: TradedMarket): Trader {
    const known = market.traders.get(account);
    if (known !== undefined) return known;
    const trader = new Trader(this.traders.length, this.account(account), market);
    this.traders.push(trader);
    market.traders.set(account, trader);
    trader.holder.traders.push(trader);
    return trader;
  }

  /** What the trader's orders of this side pay with, made where there was none. */
  funds(trader: Trader, side: Side): HeldBalance {
    return trader.funds(side) ?? this.balance(trader.holder, trader.market.paidIn(side));
  }

  /** A slot and a record for a new order, touched. */
  newOrder(order: Order, trader: Trader): number {
    const slot = this.slots.take(trader.number, (order.quantity ?? 0) - order.filledQuantity);
    this.orders.begin(slot, order);
    this.changes.order.touch(slot);
    return slot;
  }

  traderOf(order: number): Trader {
    return this.traders[this.slots.trader(order)]!;
  }

  /** Makes an order findable and puts the rest of it at the back of its queue. */
  rest(order: number, trader: Trader): void {
    trader.market.book.add(order, this.orders.side(order), this.orders.price(order));
    trader.addOpen(this.orders, order);
    this.openOrders.add(order, trader);
  }

  /** The order is no longer open; the book has let go of it, or will. */
  forget(order: number, trader: Trader): void {
    trader.removeOpen(this.orders, order);
    this.openOrders.delete(order);
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
        this.exchange.tracking.fixedKnown = false;
        this.exchange.tracking.touch();
        break;
      case 'asset':
        this.addAsset(image.entity);
        break;
      case 'market':
        this.addMarket(image.entity);
        break;
      case 'balance':
        this.#addBalance(this.account(image.entity.account), image.entity);
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
    const trader = this.trader(order.account, this.markets.get(order.market)!);
    this.rest(this.newOrder(order, trader), trader);
  }
}

function keyName(account: number, key: string): string {
  return `${account}/${key}`;
}
