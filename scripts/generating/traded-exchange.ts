/** Commands into a machine and out as the batches of a leader's journal, the first of a fresh exchange. */
import { Admission } from '../../engine/admission.js';
import { BatchMaker } from '../../engine/batch.js';
import { Clock } from '../../engine/clock.js';
import type { Machine } from '../../engine/machine.js';
import { decodeImages, encodeRequest, type JournalBatch, kept } from '../../shared/domain/codec.js';
import type { Command } from '../../shared/domain/commands.js';
import { Progress } from '../progress.js';
import type { OrderFlow } from './order-flow.js';

const START_MS = Date.UTC(2024, 0, 1);
const COMMANDS_PER_MS = 5;
/** What the api gives a request. */
const PATIENCE_MS = 5000;

/** So much of what is counted. */
export interface Goal {
  what: string;
  total: number;
  count: () => number;
}

export class TradedExchange {
  readonly #maker: BatchMaker;
  readonly #flow: OrderFlow;
  readonly #batchSize: number;
  readonly #clock = new SteadyClock(START_MS);
  #requests = 0;
  #batches = 0;
  #end = 0;

  /** @param machine one that has executed nothing @param batchSize commands in a batch */
  constructor(machine: Machine, flow: OrderFlow, batchSize: number) {
    this.#maker = new BatchMaker({ machine, clock: this.#clock, admission: new Admission() });
    this.#flow = flow;
    this.#batchSize = batchSize;
  }

  /** @param commands that make its assets and markets */
  found(commands: readonly Command[]): JournalBatch {
    return this.#batch(commands);
  }

  /** Draws commands until there is so much of something, or a little more where a command may count for several. */
  *until(goal: Goal, draw: () => Command): Generator<JournalBatch, void, void> {
    const { what, count, total } = goal;
    const progress = new Progress(what, total);
    for (let missing = total - count(); missing > 0; missing = total - count()) {
      yield this.#batch(Array.from({ length: Math.min(missing, this.#batchSize) }, draw));
      progress.reach(Math.min(count(), total));
    }
  }

  #batch(commands: readonly Command[]): JournalBatch {
    const entries = commands.map(request =>
      encodeRequest({
        requestId: ++this.#requests,
        replyTo: 'api',
        deadline: this.#clock.next() + PATIENCE_MS,
        request,
      }),
    );
    const place = { head: `1:${++this.#batches}`, after: this.#end };
    const journal = kept(this.#maker.apply(entries, place).journal!);
    this.#end = journal.end;
    for (const image of decodeImages(journal.images))
      if (image.kind === 'order') this.#flow.hear(image.entity);
    return journal;
  }
}

/** Runs with the commands, from a time that is long ago. */
class SteadyClock extends Clock {
  readonly #start: number;
  #commands = 0;

  constructor(start: number) {
    super(start);
    this.#start = start;
  }

  /** When the next command will be taken. */
  next(): number {
    return this.#start + Math.floor(this.#commands / COMMANDS_PER_MS);
  }

  override now(): number {
    const time = this.next();
    this.#commands++;
    return time;
  }

  override drift(): number {
    return 0;
  }
}
