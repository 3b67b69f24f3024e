/**
 * The exchange's own order slots, book and matching under the benchmark's messages: orders get a trader each and the
 * usual self-trade prevention; what the benchmark does not have is the ledger.
 */
import { MatchPlan, planMatch, type Taker } from '../../engine/core/matching.js';
import { OrderBook } from '../../engine/core/order-book.js';
import { NONE, OrderSlots } from '../../engine/core/order-slots.js';
import { SIDES } from '../../shared/domain/orders.js';
import {
  ACCEPTED,
  CANCEL_REJECTED,
  CANCELLED,
  MODIFIED,
  MODIFY_REJECTED,
  type Reports,
  TRADE,
} from './reports.js';
import { CANCEL, MODIFY, NEW, type Workload } from './workload.js';

export interface Played {
  book: OrderBook;
  /** Orders that rest at the end. */
  resting: number;
}

/** Which slot has the benchmark's order, and the other way round: what the benchmark needs besides the book. */
export class OrderIds {
  /** By order id; NONE where it does not rest. */
  readonly slotOf: Int32Array;
  /** By slot. */
  readonly idOf: Uint32Array;

  /** All written once, so that the clock does not see the kernel hand out the pages. */
  constructor({ maxOrderId, messages }: Workload) {
    this.slotOf = new Int32Array(maxOrderId + 1).fill(NONE);
    this.idOf = new Uint32Array(messages).fill(0);
  }
}

/** Plays a workload into a fresh book. @param ids no others than fresh ones */
export function play(workload: Workload, reports: Reports, ids = new OrderIds(workload)): Played {
  const driver = new Driver(workload, reports, ids);
  for (let seq = 0; seq < workload.messages; seq++) driver.step(seq);
  return { book: driver.book, resting: driver.resting };
}

class Driver {
  readonly #orders = new OrderSlots();
  readonly book = new OrderBook(this.#orders);
  resting = 0;
  readonly #workload: Workload;
  readonly #reports: Reports;
  readonly #slotOf: Int32Array;
  readonly #idOf: Uint32Array;
  readonly #plan = new MatchPlan();
  readonly #taker: Taker = {
    side: 'BUY',
    trader: 0,
    limit: 0,
    quantity: 0,
    budget: null,
    selfTradePrevention: 'EXPIRE_MAKER',
  };

  constructor(workload: Workload, reports: Reports, { slotOf, idOf }: OrderIds) {
    this.#workload = workload;
    this.#reports = reports;
    this.#slotOf = slotOf;
    this.#idOf = idOf;
  }

  step(seq: number): void {
    const id = this.#workload.orderId[seq]!;
    switch (this.#workload.type[seq]) {
      case NEW:
        this.#reportEntry(ACCEPTED, seq, id);
        this.#enter(seq, id);
        return;
      case CANCEL:
        this.#cancel(seq, id, this.#slotOf[id]!);
        return;
      case MODIFY:
        this.#modify(seq, id, this.#slotOf[id]!);
        return;
    }
  }

  #cancel(seq: number, id: number, order: number): void {
    if (order === NONE) {
      this.#reports.add(CANCEL_REJECTED, seq, id, 0, 0, 0);
      return;
    }
    const side = this.book.sideOf(order) === 'BUY' ? 0 : 1;
    this.#reports.add(CANCELLED, seq, side, id, this.book.priceOf(order), 0);
    this.#remove(id, order);
  }

  #modify(seq: number, id: number, order: number): void {
    if (order === NONE) {
      this.#reports.add(MODIFY_REJECTED, seq, id, 0, 0, 0);
      return;
    }
    this.#remove(id, order);
    this.#enter(seq, id);
    this.#reportEntry(MODIFIED, seq, id);
  }

  #reportEntry(type: number, seq: number, id: number): void {
    const { side, price, quantity } = this.#workload;
    this.#reports.add(type, seq, side[seq]!, id, price[seq]!, quantity[seq]!);
  }

  #enter(seq: number, id: number): void {
    const { side, price, quantity, ioc } = this.#workload;
    const taker = this.#taker;
    taker.side = SIDES[side[seq]!]!;
    taker.trader = id;
    taker.limit = price[seq]!;
    taker.quantity = quantity[seq]!;
    planMatch(this.book, this.#orders, taker, this.#plan);
    this.#fill(seq, id);
    if (this.#plan.filled === taker.quantity) return;
    if (ioc[seq] === 1) this.#reports.add(CANCELLED, seq, side[seq]!, id, taker.limit, 0);
    else this.#rest(id, taker.limit);
  }

  #fill(seq: number, taker: number): void {
    const plan = this.#plan;
    for (let step = 0; step < plan.count; step++) {
      const maker = plan.makers[step]!;
      const lots = plan.lots[step]!;
      const makerId = this.#idOf[maker]!;
      this.#reports.add(TRADE, seq, plan.prices[step]!, lots, makerId, taker);
      if (this.book.reduce(maker, lots) === 0) this.#forget(makerId, maker);
    }
  }

  #rest(id: number, price: number): void {
    const order = this.#orders.take(id, this.#taker.quantity - this.#plan.filled);
    this.book.add(order, this.#taker.side, price);
    this.#idOf[order] = id;
    this.#slotOf[id] = order;
    this.resting++;
  }

  #remove(id: number, order: number): void {
    this.book.remove(order);
    this.#forget(id, order);
  }

  #forget(id: number, order: number): void {
    this.#orders.free(order);
    this.#slotOf[id] = NONE;
    this.resting--;
  }
}
