/**
 * A load that does not wait: each command has a moment at which it is due, whatever became of those before, and its
 * latency counts from that moment to the end of its batch. So a pause is in the latency of every command that fell into
 * it. Commands that are due when the time is up count with the latency that they have by then.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Latencies } from '../measuring/latencies.js';
import type { Span } from './collections.js';
import type { CommandsAhead } from './commands-ahead.js';
import { BATCH, type LoadedExchange } from './loaded-exchange.js';

/** How long the loop keeps the thread before Node may see to its own affairs. */
const TURN_MS = 1;
/** So many commands at once: making more has to wait. */
const BACKLOG = 64;
/** Commands made beyond those that were taken: with them the store fills up again after a pause. */
const SURPLUS = 4;
/** A pause is a time in which commands wait at least so long. */
export const PAUSE_MS = 1;

interface Load {
  /** Commands a second. */
  rate: number;
  seconds: number;
}

export class OpenLoop {
  /** In which commands waited, in order and apart from each other. */
  readonly pauses: Span[] = [];
  readonly began = performance.now();
  batches = 0;
  taken = 0;
  /** Spent on noting how long commands took, and on telling the flow what became of its orders. */
  notingMs = 0;
  readonly #offered: number;
  readonly #perMs: number;
  /** Milliseconds, by command: cheap to note; the histogram is made afterwards. */
  readonly #took: Float32Array;
  readonly #loaded: LoadedExchange;
  readonly #ahead: CommandsAhead;

  constructor({ rate, seconds }: Load, loaded: LoadedExchange, ahead: CommandsAhead) {
    this.#offered = Math.floor(rate * seconds);
    this.#perMs = rate / 1_000;
    this.#took = new Float32Array(this.#offered);
    this.#loaded = loaded;
    this.#ahead = ahead;
  }

  /** Commands that were not taken before the time was up. */
  get leftOver(): number {
    return this.#offered - this.taken;
  }

  async run(): Promise<void> {
    const until = this.#dueAt(this.#offered);
    for (let now = this.began; now < until; ) {
      for (const turnEnds = now + TURN_MS; now < turnEnds; now = performance.now()) this.#step(now);
      await nextTurn();
    }
    const ended = performance.now();
    for (let index = this.taken; index < this.#offered; index++) {
      this.#took[index] = ended - this.#dueAt(index);
    }
  }

  latencies(): Latencies {
    const latencies = new Latencies();
    for (const ms of this.#took) latencies.addMs(ms);
    return latencies;
  }

  #step(now: number): void {
    const dueByNow = Math.min(this.#offered, Math.floor((now - this.began) * this.#perMs));
    const due = Math.min(BATCH, dueByNow - this.taken);
    if (due > 0) this.#takeBatch(due);
    if (due < BACKLOG) this.#ahead.makeSome(due + SURPLUS);
  }

  #takeBatch(due: number): void {
    for (let i = 0; i < due; i++) this.#loaded.execute(this.#ahead.take());
    const images = this.#loaded.endBatch();
    const ended = performance.now();
    this.#note(due, ended);
    this.#loaded.flow.hear(images);
    this.notingMs += performance.now() - ended;
  }

  #note(count: number, ended: number): void {
    this.batches++;
    const waitedFrom = this.#dueAt(this.taken);
    if (ended - waitedFrom >= PAUSE_MS) this.#notePause({ fromMs: waitedFrom, toMs: ended });
    for (let i = 0; i < count; i++, this.taken++) this.#took[this.taken] = ended - this.#dueAt(this.taken);
  }

  #notePause(pause: Span): void {
    const last = this.pauses.at(-1);
    if (last !== undefined && pause.fromMs <= last.toMs) last.toMs = pause.toMs;
    else this.pauses.push(pause);
  }

  #dueAt(index: number): number {
    return this.began + (index + 1) / this.#perMs;
  }
}
