/**
 * An exchange with as many orders resting as its flow keeps, driven as the engine drives it: commands through
 * `execute`, which checks and moves balances, charges fees and emits events, and batches through `endBatch`, which
 * gives the after-images and keeps the state hash.
 */
import { Exchange } from '../../engine/core/exchange.js';
import type { Level } from '../../shared/domain/answers.js';
import type { Command } from '../../shared/domain/commands.js';
import { ENTITY_KINDS, FIRST_USER } from '../../shared/domain/entities.js';
import { ACCOUNTS, type FlowShape, foundation, marketNames, OrderFlow } from './order-flow.js';

/** What the engine takes at most. */
export const BATCH = 512;
export const TIMING = { time: 1_700_000_000_000, deadline: 1_700_000_000_000 };

export interface Counts {
  events: number;
  trades: number;
  refused: number;
  images: number;
}

export interface Book {
  bids: readonly Level[];
  asks: readonly Level[];
}

export function noCounts(): Counts {
  return { events: 0, trades: 0, refused: 0, images: 0 };
}

export class LoadedExchange {
  readonly flow: OrderFlow;
  readonly #exchange: Exchange;
  readonly #markets: string[];
  #counts = noCounts();

  /** @param onFilling hears each command that fills the books, and the id that its order has */
  constructor(shape: FlowShape, onFilling: (command: Command, orderId: number) => void = () => {}) {
    this.#exchange = new Exchange(event => {
      this.#counts.events++;
      if (event.kind === 'TRADE') this.#counts.trades++;
      else if (event.kind === 'REFUSED') this.#counts.refused++;
    });
    this.#markets = marketNames(shape.markets);
    this.flow = new OrderFlow(shape);
    for (const command of foundation({ markets: shape.markets, accounts: ACCOUNTS })) this.execute(command);
    while (this.flow.openOrders < shape.resting) {
      for (let i = 0; i < BATCH; i++) {
        const command = this.flow.passive();
        this.execute(command);
        onFilling(command, this.#exchange.sequence);
      }
      this.flow.hear(this.endBatch());
    }
  }

  /** Sequence of the last command, which is the id of the order that it placed. */
  get sequence(): number {
    return this.#exchange.sequence;
  }

  execute(command: Command): void {
    this.#exchange.execute(command, TIMING);
  }

  endBatch() {
    const { images } = this.#exchange.endBatch();
    for (const kind of ENTITY_KINDS) this.#counts.images += images[kind].length;
    return images;
  }

  /** What was counted since the last call. */
  takeCounts(): Counts {
    const counts = this.#counts;
    this.#counts = noCounts();
    return counts;
  }

  audit(): void {
    this.#exchange.audit();
  }

  books(): Book[] {
    return this.#markets.map(market => {
      const answer = this.#exchange.query({ kind: 'BOOK', body: { market } });
      if (answer.kind !== 'BOOK') throw new Error(`no book but ${answer.kind}`);
      return answer.book;
    });
  }

  /** As the exchange itself counts them. */
  restingOrders(): number {
    let resting = 0;
    for (let account = FIRST_USER; account < FIRST_USER + ACCOUNTS; account++) {
      const answer = this.#exchange.query({ kind: 'OPEN_ORDERS', body: { account, market: null } });
      if (answer.kind === 'ORDERS') resting += answer.orders.length;
    }
    return resting;
  }
}

/** Levels of a market that hold orders, on average. */
export function levelsHeld(books: readonly Book[]): number {
  return books.reduce((sum, { bids, asks }) => sum + bids.length + asks.length, 0) / books.length;
}
