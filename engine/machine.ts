/**
 * The exchange with its events collected command by command: what the leader, a standby and recovery all drive, so
 * that a replayed command cannot go another way than the first time.
 */
import type { Answer } from '../shared/domain/answers.js';
import { EventsWriter } from '../shared/domain/codec.js';
import type { Command } from '../shared/domain/commands.js';
import { ReportsWriter } from '../shared/domain/reports.js';
import { type BatchEffects, Exchange, type Timing } from './core/exchange.js';

/** What a batch did, with its events as the journal has them. */
export interface MachineBatch extends BatchEffects {
  events: Buffer;
  /** Empty where there are none, and before `startReporting`. */
  reports: Buffer;
}

export class Machine {
  readonly exchange: Exchange;
  readonly #journaled = new EventsWriter();
  readonly #reports = new ReportsWriter();

  constructor() {
    this.exchange = new Exchange(event => this.#journaled.add(event));
  }

  /** Whoever only replays tells nobody. */
  startReporting(): void {
    const { exchange } = this;
    const reports = this.#reports;
    exchange.reportTo({
      order: (seq, order, trade) => reports.order(seq, order, trade, exchange.time),
      balance: (seq, balance, change) => reports.balance(seq, balance, change, exchange.time),
    });
  }

  execute(command: Command, timing: Timing): Answer {
    this.#journaled.next();
    return this.exchange.execute(command, timing);
  }

  endBatch(): MachineBatch {
    return { ...this.exchange.endBatch(), events: this.#journaled.take(), reports: this.#reports.take() };
  }
}
