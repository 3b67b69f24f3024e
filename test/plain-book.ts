/**
 * The benchmark's rules in their plainest form: a list of orders, searched and sorted for every message. Written
 * without knowing engine/core, to be compared with it.
 */
import { CANCEL, type Message, NEW } from '../bench/conformance/workload.js';
import type { Side } from '../shared/domain/orders.js';

interface Order {
  id: number;
  side: Side;
  price: number;
  left: number;
}

export class PlainBook {
  /** Oldest first. */
  #orders: Order[] = [];
  #reports: { seq: number; type: number; line: string }[] = [];

  has(id: number): boolean {
    return this.#orders.some(order => order.id === id);
  }

  get resting(): number {
    return this.#orders.length;
  }

  play(seq: number, message: Message): void {
    const { type, orderId: id, quantity, price } = message;
    const side = sideNumber(message.side);
    if (type === NEW) {
      this.#report(0, seq, side, id, price, quantity);
      this.#enter(seq, message);
      return;
    }
    const order = this.#orders.find(order => order.id === id);
    if (order === undefined) {
      this.#report(type === CANCEL ? 4 : 5, seq, id);
      return;
    }
    this.#orders = this.#orders.filter(other => other !== order);
    if (type === CANCEL) {
      this.#report(2, seq, sideNumber(order.side), id, order.price);
      return;
    }
    this.#report(3, seq, side, id, price, quantity);
    this.#enter(seq, message);
  }

  /** In the order in which they are published. */
  lines(): string[] {
    return this.#reports.toSorted((a, b) => a.seq - b.seq || a.type - b.type).map(({ line }) => line);
  }

  /** Best price first. */
  depth(side: Side): [number, number][] {
    const orders = this.#orders.filter(order => order.side === side);
    return [...new Set(orders.map(({ price }) => price))]
      .sort((a, b) => (side === 'BUY' ? b - a : a - b))
      .map(price => [price, sum(orders.filter(order => order.price === price).map(({ left }) => left))]);
  }

  #enter(seq: number, { orderId: id, side, quantity, price, ioc }: Message): void {
    const buys = side === 'BUY';
    let left = quantity;
    const makers = this.#orders
      .filter(order => order.side !== side && (buys ? order.price <= price : order.price >= price))
      .sort((a, b) => (buys ? a.price - b.price : b.price - a.price));
    for (const maker of makers) {
      const lots = Math.min(left, maker.left);
      if (lots === 0) break;
      this.#report(1, seq, maker.price, lots, maker.id, id);
      maker.left -= lots;
      left -= lots;
    }
    this.#orders = this.#orders.filter(order => order.left > 0);
    if (left === 0) return;
    if (ioc) this.#report(2, seq, sideNumber(side), id, price);
    else this.#orders.push({ id, side, price, left });
  }

  #report(type: number, seq: number, ...rest: number[]): void {
    this.#reports.push({ seq, type, line: [type, seq, ...rest].join(',') });
  }
}

function sideNumber(side: Side): number {
  return side === 'BUY' ? 0 : 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
