/**
 * The exchange with its events collected command by command: what the leader, a standby and recovery all drive, so
 * that a replayed command cannot go another way than the first time.
 */
import type { Answer } from '../shared/domain/answers.js';
import { encodeEvent } from '../shared/domain/codec.js';
import type { Command } from '../shared/domain/commands.js';
import type { Event } from '../shared/domain/events.js';
import type { Json } from '../shared/domain/fields.js';
import { Exchange, type Timing } from './core/exchange.js';

export interface Outcome {
  answer: Answer;
  events: readonly Event[];
  /** The same as JSON values: their part of the journal. */
  journaled: readonly Json[];
}

export class Machine {
  readonly exchange: Exchange;
  #events: Event[] = [];
  #journaled: Json[] = [];

  constructor() {
    this.exchange = new Exchange(event => {
      this.#events.push(event);
      this.#journaled.push(encodeEvent(event));
    });
  }

  execute(command: Command, timing: Timing): Outcome {
    this.#events = [];
    this.#journaled = [];
    const answer = this.exchange.execute(command, timing);
    return { answer, events: this.#events, journaled: this.#journaled };
  }
}
