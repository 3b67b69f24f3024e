/**
 * The orders that a batch changes, as entities to work on. An order that still rests when the batch ends goes back to
 * its record; one that ended never had to, or has no record any more.
 */
import type { Order } from '../../shared/domain/entities.js';
import type { OrderRecords } from './order-records.js';
import { NONE, type OrderSlots } from './order-slots.js';
import type { TradedMarket } from './traded-market.js';
import type { Traders } from './traders.js';

export interface ActiveOrder {
  /** Its fields may change until the batch ends. */
  readonly order: Order;
  readonly trader: number;
  readonly market: TradedMarket;
  /** Of the account. */
  readonly holder: number;
  /** Among the active orders. */
  readonly place: number;
  /** Where it rests, or NONE. */
  slot: number;
}

export class ActiveOrders {
  readonly #slots: OrderSlots;
  readonly #records: OrderRecords;
  readonly #traders: Traders;
  #active: ActiveOrder[] = [];

  constructor(slots: OrderSlots, records: OrderRecords, traders: Traders) {
    this.#slots = slots;
    this.#records = records;
    this.#traders = traders;
  }

  /** A new order. */
  add(order: Order, trader: number): ActiveOrder {
    return this.#add(order, trader, NONE);
  }

  /** Gives an active order a slot and a record. */
  rest(active: ActiveOrder): number {
    const { order, trader } = active;
    const slot = this.#slots.take(trader, order.quantity! - order.filledQuantity);
    active.slot = slot;
    this.#records.begin(slot, order, active.place);
    return slot;
  }

  /** Takes the slot and the record away again. */
  leave(active: ActiveOrder): void {
    this.#slots.free(active.slot);
    active.slot = NONE;
  }

  /** A resting order, to be changed. */
  take(slot: number): ActiveOrder {
    const records = this.#records;
    const place = records.active(slot);
    if (place !== NONE) return this.#active[place]!;
    const trader = this.#slots.trader(slot);
    const active = this.#add(this.#read(slot, trader), trader, slot);
    records.activate(slot, active.place);
    return active;
  }

  /** A resting order, to be read. */
  read(slot: number): Order {
    const place = this.#records.active(slot);
    if (place !== NONE) return this.#active[place]!.order;
    return this.#read(slot, this.#slots.trader(slot));
  }

  /** Ends the batch: gives what it changed, in the order of the first change. */
  end(): Order[] {
    const active = this.#active;
    this.#active = [];
    const orders = new Array<Order>(active.length);
    for (let place = 0; place < orders.length; place++) {
      const { order, slot } = active[place]!;
      if (slot !== NONE) this.#records.settle(slot, order);
      orders[place] = order;
    }
    return orders;
  }

  #read(slot: number, trader: number): Order {
    const traders = this.#traders;
    return this.#records.read(slot, traders.account(trader), traders.market(trader).market);
  }

  #add(order: Order, trader: number, slot: number): ActiveOrder {
    const market = this.#traders.market(trader);
    const holder = this.#traders.holder(trader);
    const active = { order, trader, market, holder, place: this.#active.length, slot };
    this.#active.push(active);
    return active;
  }
}
