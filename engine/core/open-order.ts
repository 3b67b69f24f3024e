/** An order as the core holds it, from its placing to its end. */
import type { Order } from '../../shared/domain/entities.js';
import type { OrderStatus } from '../../shared/domain/orders.js';
import type { Account } from './account.js';
import type { ChangesOfKind, Tracking } from './changes.js';
import { NONE } from './order-book.js';
import type { TradedMarket } from './traded-market.js';

/** Whose it is, and where it trades. */
export interface Whereabouts {
  readonly holder: Account;
  readonly traded: TradedMarket;
}

export class OpenOrder implements Order {
  readonly orderId: number;
  readonly account: number;
  readonly market: string;
  readonly clientOrderId: string;
  readonly side: Order['side'];
  readonly type: Order['type'];
  readonly timeInForce: Order['timeInForce'];
  readonly selfTradePrevention: Order['selfTradePrevention'];
  readonly price: number | null;
  readonly quantity: number | null;
  readonly quoteQuantity: bigint | null;
  readonly createdAt: number;
  filledQuantity: number;
  filledQuote: bigint;
  status: OrderStatus;
  queuePlace: number;
  updatedAt: number;

  readonly holder: Account;
  readonly traded: TradedMarket;
  readonly tracking: Tracking<'order'>;
  /** In its market's book, while it rests there. */
  slot = NONE;

  constructor(order: Order, { holder, traded }: Whereabouts, changes: ChangesOfKind<'order'>) {
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
    this.holder = holder;
    this.traded = traded;
    this.tracking = changes.track(this);
  }

  /** Lots that are not filled; null for a market order by quote. */
  get remaining(): number | null {
    return this.quantity === null ? null : this.quantity - this.filledQuantity;
  }
}
