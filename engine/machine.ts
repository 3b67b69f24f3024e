/**
 * The exchange with its events collected command by command: what the leader, a standby and recovery all drive, so
 * that a replayed command cannot go another way than the first time.
 */
import type { Answer } from '../shared/domain/answers.js';
import { EventsWriter } from '../shared/domain/codec.js';
import type { Command } from '../shared/domain/commands.js';
import type { Event } from '../shared/domain/events.js';
import { type BatchEffects, Exchange, type Timing } from './core/exchange.js';

export interface Outcome {
  answer: Answer;
  events: readonly Event[];
}

/** What a batch did, with its events as the journal has them. */
export interface MachineBatch extends BatchEffects {
  events: string;
}

export class Machine {
  readonly exchange: Exchange;
  #events: Event[] = [];
  readonly #journaled = new EventsWriter();

  constructor() {
    this.exchange = new Exchange(event => {
      this.#events.push(event);
      this.#journaled.add(event);
    });
  }

  execute(command: Command, timing: Timing): Outcome {
    this.#events = [];
    this.#journaled.next();
    const answer = this.exchange.execute(command, timing);
    return { answer, events: this.#events };
  }

  endBatch(): MachineBatch {
    return { ...this.exchange.endBatch(), events: this.#journaled.take() };
  }
}
