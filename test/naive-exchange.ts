/**
 * The exchange once more, as simple as can be: docs/RULES.md in executable form, to be read beside that page. It was
 * written without knowing engine/core and shares nothing with it but the vocabulary, so that both are wrong in the same
 * way only where the page is.
 *
 * It searches and sorts plain lists (naive-state.ts) at every step and counts in BigInt; nothing in it is there for
 * speed.
 */
import type { Answer, BookSnapshot } from '../shared/domain/answers.js';
import type { Image } from '../shared/domain/codec.js';
import type { Command } from '../shared/domain/commands.js';
import type { Order } from '../shared/domain/entities.js';
import type { Event } from '../shared/domain/events.js';
import { isOpen } from '../shared/domain/orders.js';
import { type Reject, reject } from '../shared/domain/rejects.js';
import { createAsset, createMarket, updateMarket } from './naive-listing.js';
import { depthOf } from './naive-matching.js';
import { cancelAll, cancelOrder, placeOrder } from './naive-orders.js';
import { marketNamed, type NaiveState, nothingYet } from './naive-state.js';
import { transfer } from './naive-transfers.js';

export interface Outcome {
  events: Event[];
  /** Undefined where the rules say nothing of the answer. */
  answer: Answer | undefined;
}

export class NaiveExchange {
  readonly #state: NaiveState = nothingYet();

  execute(command: Command, timing: { time: number; deadline: number }): Outcome {
    const state = this.#state;
    state.exchange.sequence += 1;
    state.exchange.time = timing.time;
    state.events = [];
    const booksBefore = this.#bookTexts();
    const result = timing.time > timing.deadline ? reject('EXPIRED_IN_QUEUE') : apply(state, command);
    this.#countUpdates(booksBefore);
    if (result === undefined || 'kind' in result) return { events: state.events, answer: result };
    return {
      events: [{ kind: 'REFUSED', body: { code: result.code } }],
      answer: { kind: 'REFUSED', reject: result },
    };
  }

  /** Every entity that is part of the state. */
  state(): Image[] {
    const { exchange, assets, markets, accounts, balances, keys } = this.#state;
    const images: Image[] = [
      { kind: 'exchange', entity: exchange },
      ...assets.map((entity): Image => ({ kind: 'asset', entity })),
      ...markets.map((entity): Image => ({ kind: 'market', entity })),
      ...accounts.map((entity): Image => ({ kind: 'account', entity })),
      ...balances.map((entity): Image => ({ kind: 'balance', entity })),
      ...this.openOrders().map((entity): Image => ({ kind: 'order', entity })),
      ...keys.filter(key => !key.expired).map((entity): Image => ({ kind: 'idempotencyKey', entity })),
    ];
    return structuredClone(images);
  }

  openOrders(): readonly Order[] {
    return this.#state.orders.filter(order => isOpen(order.status));
  }

  books(): BookSnapshot[] {
    return this.#state.markets.map(({ market, updateId, lastTradeId }) => {
      const [bids, asks] = [depthOf(this.#state, market, 'BUY'), depthOf(this.#state, market, 'SELL')];
      return { market, lastUpdateId: updateId, lastTradeId, bids, asks };
    });
  }

  /** What rests in each market that has orders: their places and fills. */
  #bookTexts(): Map<string, string> {
    const texts = new Map<string, string>();
    for (const { market, queuePlace, filledQuantity } of this.openOrders()) {
      texts.set(market, `${texts.get(market) ?? ''} ${queuePlace}:${filledQuantity}`);
    }
    return texts;
  }

  #countUpdates(before: ReadonlyMap<string, string>): void {
    const after = this.#bookTexts();
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      if (after.get(name) !== before.get(name)) marketNamed(this.#state, name)!.updateId += 1;
    }
  }
}

function apply(state: NaiveState, command: Command): Answer | Reject | undefined {
  switch (command.kind) {
    case 'PLACE_ORDER':
      return placeOrder(state, command.body);
    case 'CANCEL_ORDER':
      return cancelOrder(state, command.body);
    case 'CANCEL_ALL':
      return cancelAll(state, command.body);
    case 'DEPOSIT':
      return transfer(state, 'DEPOSIT', command.body);
    case 'WITHDRAW':
      return transfer(state, 'WITHDRAWAL', command.body);
    case 'CREATE_ASSET':
      return createAsset(state, command.body);
    case 'CREATE_MARKET':
      return createMarket(state, command.body);
    case 'UPDATE_MARKET':
      return updateMarket(state, command.body);
  }
}
