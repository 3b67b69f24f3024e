/**
 * All that the exchange knows, and the ways to find it. Changing a thing is the business of the modules that own its
 * rules; here stand the maps, the counters and the loading of an entity from a checkpoint.
 */
import type { Image } from '../../shared/domain/codec.js';
import type {
  Asset,
  Balance,
  Entities,
  Exchange,
  IdempotencyKey,
  Market,
  Order,
} from '../../shared/domain/entities.js';
import type { Emit } from '../../shared/domain/events.js';
import { Changes, type Tracked, track } from './changes.js';
import { MatchPlan } from './matching.js';
import { OrderBook } from './order-book.js';

export type OpenOrder = Tracked<Order> & {
  /** In its market's book. */
  slot: number;
};

export type TradedMarket = Tracked<Market> & {
  readonly book: OrderBook;
  /** By slot of the book. */
  readonly resting: OpenOrder[];
};

export interface Account {
  readonly account: number;
  /** By asset. */
  readonly balances: Map<string, Tracked<Balance>>;
  /** By market, then by client order id, oldest first. */
  readonly open: Map<string, Map<string, OpenOrder>>;
}

export class State {
  readonly exchange: Tracked<Exchange> = track('exchange', { id: 1, sequence: 0, time: 0, lastLedgerId: 0 });
  readonly assets = new Map<string, Tracked<Asset>>();
  readonly markets = new Map<string, TradedMarket>();
  readonly accounts = new Map<number, Account>();
  /** Open orders by id. */
  readonly orders = new Map<number, OpenOrder>();
  /** Oldest first. */
  readonly idempotencyKeys = new Map<string, Tracked<IdempotencyKey>>();
  readonly changes = new Changes();
  /** The markets whose books this batch changed, with the first update id of the batch. */
  readonly changedBooks = new Map<TradedMarket, number>();
  /** Scratch of the command that is being executed. */
  readonly plan = new MatchPlan();

  constructor(readonly emit: Emit) {
    this.changes.touch(this.exchange.tracking);
  }

  account(account: number): Account {
    const known = this.accounts.get(account);
    if (known !== undefined) return known;
    const opened: Account = { account, balances: new Map(), open: new Map() };
    this.accounts.set(account, opened);
    return opened;
  }

  addAsset(asset: Asset): void {
    const tracked = track('asset', { ...asset });
    this.assets.set(asset.asset, tracked);
    this.changes.touch(tracked.tracking);
  }

  addMarket(market: Market): void {
    const traded = track('market', { ...market, book: new OrderBook(), resting: [] });
    this.markets.set(market.market, traded);
    this.changes.touch(traded.tracking);
  }

  /** The balance, made with nothing in it where there was none. */
  balance(account: number, asset: string): Tracked<Balance> {
    const { balances } = this.account(account);
    const known = balances.get(asset);
    if (known !== undefined) return known;
    return this.#addBalance({ account, asset, available: 0n, locked: 0n });
  }

  #addBalance(balance: Balance): Tracked<Balance> {
    const tracked = track('balance', { ...balance });
    this.account(balance.account).balances.set(balance.asset, tracked);
    this.changes.touch(tracked.tracking);
    return tracked;
  }

  /** What an account has of an asset to use, in smallest units. */
  available(account: number, asset: string): bigint {
    return this.accounts.get(account)?.balances.get(asset)?.available ?? 0n;
  }

  /** The account's open orders of a market; none is an empty map that is not kept. */
  openOrders(account: number, market: string): ReadonlyMap<string, OpenOrder> {
    return this.accounts.get(account)?.open.get(market) ?? NO_ORDERS;
  }

  /** Makes an order findable and puts the rest of it at the back of its queue. */
  rest(market: TradedMarket, order: OpenOrder): void {
    order.slot = market.book.add(
      order.side,
      order.price!,
      order.quantity! - order.filledQuantity,
      order.account,
    );
    market.resting[order.slot] = order;
    this.orders.set(order.orderId, order);
    const { open } = this.account(order.account);
    const orders = open.get(order.market);
    if (orders === undefined) open.set(order.market, new Map([[order.clientOrderId, order]]));
    else orders.set(order.clientOrderId, order);
  }

  /** The order is no longer open; its slot is free as soon as the book has removed it. */
  forget(order: OpenOrder): void {
    this.orders.delete(order.orderId);
    const { open } = this.account(order.account);
    const orders = open.get(order.market)!;
    orders.delete(order.clientOrderId);
    if (orders.size === 0) open.delete(order.market);
  }

  idempotencyKey(account: number, key: string): Tracked<IdempotencyKey> | undefined {
    return this.idempotencyKeys.get(keyName(account, key));
  }

  addIdempotencyKey(key: IdempotencyKey): void {
    const tracked = track('idempotencyKey', { ...key });
    this.idempotencyKeys.set(keyName(key.account, key.key), tracked);
    this.changes.touch(tracked.tracking);
  }

  expireIdempotencyKey(key: Tracked<IdempotencyKey>): void {
    this.idempotencyKeys.delete(keyName(key.account, key.key));
    key.expired = true;
    this.changes.touch(key.tracking);
  }

  /** Takes one entity from a checkpoint, in the order of KINDS. */
  load(image: Image): void {
    switch (image.kind) {
      case 'exchange':
        Object.assign(this.exchange, image.entity);
        this.changes.touch(this.exchange.tracking);
        break;
      case 'asset':
        this.addAsset(image.entity);
        break;
      case 'market':
        this.addMarket(image.entity);
        break;
      case 'balance':
        this.#addBalance(image.entity);
        break;
      case 'order':
        this.#loadOrder(image.entity);
        break;
      case 'idempotencyKey':
        this.addIdempotencyKey(image.entity);
        break;
    }
  }

  #loadOrder(order: Entities['order']): void {
    const open: OpenOrder = track('order', { ...order, slot: 0 });
    const market = this.markets.get(order.market)!;
    this.rest(market, open);
    this.changes.touch(open.tracking);
    this.changedBooks.set(market, market.updateId);
  }
}

function keyName(account: number, key: string): string {
  return `${account}/${key}`;
}

const NO_ORDERS: ReadonlyMap<string, OpenOrder> = new Map();
