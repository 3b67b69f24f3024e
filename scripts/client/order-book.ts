/**
 * A market's order book, kept by a client from its stream.
 *
 * Guarantees: what it shows is the exchange's book at `updateId`; without a connection, and while a gap is being closed
 * by a new snapshot, it is not `ready`.
 */
import type { StreamData } from '../../api/ws/messages.js';
import type { Streams } from './streams.js';

type Depth = StreamData<'depth'>;
type Levels = readonly (readonly [price: string, quantity: string])[];

export class OrderBook {
  /** Quantity by price, both padded to the market's scale; in no order. */
  readonly bids = new Map<string, string>();
  readonly asks = new Map<string, string>();
  #updateId: number | undefined;

  /** Follows the market from here on. */
  static async follow(streams: Streams, market: string): Promise<OrderBook> {
    const book = new OrderBook();
    const name = `${market.toLowerCase()}@depth` as const;
    const follow = (data: Depth) => {
      if (book.apply(data) === 'GAP') streams.restart(name);
    };
    await streams.subscribe(name, follow, () => book.lose());
    return book;
  }

  get ready(): boolean {
    return this.#updateId !== undefined;
  }

  /** Undefined while it is not ready. */
  get updateId(): number | undefined {
    return this.#updateId;
  }

  /** From now on messages are missed. */
  lose(): void {
    this.#updateId = undefined;
  }

  /** `GAP`, once, where a message is missing: what comes then is passed over up to a new snapshot. */
  apply(data: Depth): 'APPLIED' | 'PASSED_OVER' | 'GAP' {
    if (data.e === 'depthSnapshot') {
      this.bids.clear();
      this.asks.clear();
    } else if (this.#updateId === undefined) {
      return 'PASSED_OVER';
    } else if (data.U !== this.#updateId + 1) {
      this.#updateId = undefined;
      return 'GAP';
    }
    set(this.bids, data.b);
    set(this.asks, data.a);
    this.#updateId = data.u;
    return 'APPLIED';
  }
}

/** Absolute quantities; `"0"` removes the level. */
function set(side: Map<string, string>, levels: Levels): void {
  for (const [price, quantity] of levels) {
    if (quantity === '0') side.delete(price);
    else side.set(price, quantity);
  }
}
