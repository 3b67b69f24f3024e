/** An order as the core holds it, from its placing to its end. */
import type { Order } from '../../shared/domain/entities.js';
import type { ChangesOfKind, Tracking } from './changes.js';
import { NONE } from './order-book.js';
import type { Trader } from './trader.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * One object is many orders, one after the other: when an order is over and its batch has ended, another takes its
 * place. So the garbage collector finds no resting order to move or to clear away, and its pauses stay short.
 */
export class OpenOrder implements Mutable<Order> {
  orderId = 0;
  account = 0;
  market = '';
  clientOrderId = '';
  side: Order['side'] = 'BUY';
  type: Order['type'] = 'LIMIT';
  timeInForce: Order['timeInForce'] = 'GTC';
  selfTradePrevention: Order['selfTradePrevention'] = 'NONE';
  price: number | null = null;
  quantity: number | null = null;
  quoteQuantity: bigint | null = null;
  createdAt = 0;
  filledQuantity = 0;
  filledQuote = 0n;
  status: Order['status'] = 'NEW';
  queuePlace = 0;
  updatedAt = 0;

  readonly tracking: Tracking<'order'>;
  trader!: Trader;
  /** In its market's book, while it rests there. */
  slot = NONE;
  /** Among the trader's open orders. */
  place = NONE;

  constructor(changes: ChangesOfKind<'order'>) {
    this.tracking = changes.track(this);
  }

  become(order: Order, trader: Trader): void {
    this.orderId = order.orderId;
    this.account = order.account;
    this.market = order.market;
    this.clientOrderId = order.clientOrderId;
    this.side = order.side;
    this.type = order.type;
    this.timeInForce = order.timeInForce;
    this.selfTradePrevention = order.selfTradePrevention;
    this.price = order.price;
    this.quantity = order.quantity;
    this.quoteQuantity = order.quoteQuantity;
    this.createdAt = order.createdAt;
    this.filledQuantity = order.filledQuantity;
    this.filledQuote = order.filledQuote;
    this.status = order.status;
    this.queuePlace = order.queuePlace;
    this.updatedAt = order.updatedAt;
    this.trader = trader;
  }

  /** Lots that are not filled; null for a market order by quote. */
  get remaining(): number | null {
    return this.quantity === null ? null : this.quantity - this.filledQuantity;
  }

  /** What it keeps locked while it rests, in smallest units. */
  get amountNeeded(): bigint {
    const { lotSize, tickLotValue } = this.trader.market;
    const lots = BigInt(this.remaining!);
    return this.side === 'BUY' ? lots * BigInt(this.price!) * tickLotValue : lots * lotSize;
  }
}
