/**
 * The exchange's own order book and matching under the benchmark's messages: orders get an account each and the usual
 * self-trade prevention; what the benchmark does not have is the ledger.
 */
import { MatchPlan, planMatch, type Taker } from '../../engine/core/matching.js';
import { NONE, OrderBook } from '../../engine/core/order-book.js';
import { SIDES, type Side } from '../../shared/domain/orders.js';
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

/** Plays a workload into a fresh book and gives the book. */
export function play(workload: Workload, reports: Reports): OrderBook {
  const driver = new Driver(workload, reports);
  for (let seq = 0; seq < workload.messages; seq++) driver.step(seq);
  return driver.book;
}

class Driver {
  readonly book = new OrderBook();
  readonly #workload: Workload;
  readonly #reports: Reports;
  /** By order id; NONE where it does not rest. */
  readonly #slotOf: Int32Array;
  /** By slot: the resting order's id and side. */
  readonly #idOf: Uint32Array;
  readonly #plan = new MatchPlan();
  readonly #taker: Taker = {
    side: 'BUY',
    account: 0,
    limit: 0,
    quantity: 0,
    budget: null,
    selfTradePrevention: 'EXPIRE_MAKER',
  };

  constructor(workload: Workload, reports: Reports) {
    this.#workload = workload;
    this.#reports = reports;
    this.#slotOf = new Int32Array(workload.maxOrderId + 1).fill(NONE);
    this.#idOf = new Uint32Array(workload.messages);
  }

  step(seq: number): void {
    const id = this.#workload.orderId[seq]!;
    const slot = this.#slotOf[id]!;
    switch (this.#workload.type[seq]) {
      case NEW:
        this.#reports.add(
          ACCEPTED,
          seq,
          this.#workload.side[seq]!,
          id,
          this.#workload.price[seq]!,
          this.#workload.quantity[seq]!,
        );
        this.#enter(seq, id);
        return;
      case CANCEL:
        if (slot === NONE) this.#reports.add(CANCEL_REJECTED, seq, id, 0, 0, 0);
        else {
          this.#reports.add(
            CANCELLED,
            seq,
            this.book.sideOf(slot) === 'BUY' ? 0 : 1,
            id,
            this.book.priceOf(slot),
            0,
          );
          this.#take(id, slot);
        }
        return;
      case MODIFY:
        if (slot === NONE) this.#reports.add(MODIFY_REJECTED, seq, id, 0, 0, 0);
        else {
          this.#take(id, slot);
          this.#enter(seq, id);
          this.#reports.add(
            MODIFIED,
            seq,
            this.#workload.side[seq]!,
            id,
            this.#workload.price[seq]!,
            this.#workload.quantity[seq]!,
          );
        }
        return;
    }
  }

  #take(id: number, slot: number): void {
    this.book.remove(slot);
    this.#slotOf[id] = NONE;
  }

  #enter(seq: number, id: number): void {
    const { book } = this;
    const plan = this.#plan;
    const taker = this.#taker;
    const side = SIDES[this.#workload.side[seq]!]! as Side;
    const price = this.#workload.price[seq]!;
    const quantity = this.#workload.quantity[seq]!;
    taker.side = side;
    taker.account = id;
    taker.limit = price;
    taker.quantity = quantity;
    planMatch(book, taker, plan);
    for (let step = 0; step < plan.count; step++) {
      const slot = plan.makers[step]!;
      const lots = plan.lots[step]!;
      const maker = this.#idOf[slot]!;
      this.#reports.add(TRADE, seq, plan.prices[step]!, lots, maker, id);
      if (book.reduce(slot, lots) === 0) this.#slotOf[maker] = NONE;
    }
    const rest = quantity - plan.filled;
    if (rest === 0) return;
    if (this.#workload.ioc[seq] === 1) {
      this.#reports.add(CANCELLED, seq, this.#workload.side[seq]!, id, price, 0);
      return;
    }
    const slot = book.add(side, price, rest, id);
    this.#slotOf[id] = slot;
    this.#idOf[slot] = id;
  }
}
