/** The orders that a batch touched. Those that are over give their slots back when the batch has ended. */
import type { Image } from '../../shared/domain/codec.js';
import { isOpen } from '../../shared/domain/orders.js';
import { EntityHasher, type HashSum, HashTerm } from './hash.js';
import type { OrderRecords } from './order-records.js';
import type { OrderSlots } from './order-slots.js';
import type { Trader } from './trader.js';

export class OrderChanges {
  readonly #slots: OrderSlots;
  readonly #orders: OrderRecords;
  /** By number. */
  readonly #traders: readonly Trader[];
  readonly #touched: number[] = [];
  readonly #hasher = new EntityHasher('order');
  /** The term of the order that is being hashed. */
  readonly #term = new HashTerm();

  constructor(slots: OrderSlots, orders: OrderRecords, traders: readonly Trader[]) {
    this.#slots = slots;
    this.#orders = orders;
    this.#traders = traders;
  }

  /** Says that the order changes. */
  touch(order: number): void {
    if (this.#orders.isTouched(order)) return;
    this.#orders.setTouched(order, true);
    this.#touched.push(order);
  }

  end(images: Image[], stateHash: HashSum): void {
    const orders = this.#orders;
    const term = this.#term;
    for (const order of this.#touched) {
      const entity = orders.read(order, this.#traders[this.#slots.trader(order)]!);
      images.push({ kind: 'order', entity });
      orders.readHash(order, term);
      stateHash.subtract(term);
      if (isOpen(entity.status)) {
        this.#hasher.hash(entity, term);
        stateHash.add(term);
        orders.writeHash(order, term);
        orders.setTouched(order, false);
      } else {
        this.#slots.free(order);
      }
    }
    this.#touched.length = 0;
  }
}
