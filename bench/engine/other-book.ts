/**
 * nodejs-order-book, a book without balances, driven by the same commands through its own fastest calls: `limit`,
 * `market` and `cancel`, without its journal. Its options are made before the clock starts.
 */
import { type LimitOrderOptions, type MarketOrderOptions, OrderBook, Side } from 'nodejs-order-book';
import type { Command, PlaceOrder } from '../../shared/domain/commands.js';
import type { Book } from './loaded-exchange.js';

type TimeInForce = NonNullable<LimitOrderOptions['timeInForce']>;

const SIDE = { BUY: Side.BUY, SELL: Side.SELL };

/** A command in its words. */
export type OtherCall =
  | { kind: 'limit'; options: LimitOrderOptions }
  | { kind: 'market'; options: MarketOrderOptions }
  | { kind: 'cancel'; id: string };

/** @param orderId the id that the order has or would have with us */
export function otherCall(command: Command, orderId: number): OtherCall {
  switch (command.kind) {
    case 'PLACE_ORDER':
      return placing(command.body, idOf(orderId));
    case 'CANCEL_ORDER':
      return { kind: 'cancel', id: idOf(command.body.orderId!) };
    default:
      throw new Error(`the other book knows no ${command.kind}`);
  }
}

function placing({ side, type, timeInForce, price, quantity }: PlaceOrder, id: string): OtherCall {
  const order = { side: SIDE[side], size: quantity! };
  if (type === 'MARKET') return { kind: 'market', options: order };
  // The package does not export its enumeration; the names in it are ours.
  const options = { ...order, id, price: price!, timeInForce: timeInForce as TimeInForce };
  return { kind: 'limit', options };
}

/** It is a third slower with ids that are digits only. */
function idOf(orderId: number): string {
  return `order-${orderId}`;
}

export class OtherBook {
  readonly #book = new OrderBook();

  execute(call: OtherCall): void {
    if (call.kind === 'limit') this.#book.limit(call.options);
    else if (call.kind === 'market') this.#book.market(call.options);
    else this.#book.cancel(call.id);
  }

  book(): Book {
    const [asks, bids] = this.#book.depth();
    return { bids, asks };
  }

  restingOrders(): number {
    const { bids, asks } = this.#book.snapshot();
    return [...bids, ...asks].reduce((sum, { orders }) => sum + orders.length, 0);
  }
}
