/**
 * Commands of a flow, made a few at a time while little is due, so that making them delays hardly any. Those that a
 * backlog uses up are made when they are taken, and count as late.
 */
import type { Command } from '../../shared/domain/commands.js';
import type { OrderFlow } from './order-flow.js';

/** Not more: the garbage collector copies what waits here. */
const AHEAD = 64;

export class CommandsAhead {
  late = 0;
  /** Spent on making. */
  ms = 0;
  readonly #flow: OrderFlow;
  readonly #ring: Command[] = [];
  #made = 0;
  #taken = 0;

  constructor(flow: OrderFlow) {
    this.#flow = flow;
  }

  /** What was made before does not count. */
  startCounting(): void {
    this.late = 0;
    this.ms = 0;
  }

  /** Makes so many, as far as there is room. */
  makeSome(count: number): void {
    this.#make(Math.min(count, AHEAD - (this.#made - this.#taken)));
  }

  take(): Command {
    if (this.#taken === this.#made) {
      this.#make(1);
      this.late++;
    }
    return this.#ring[this.#taken++ % AHEAD]!;
  }

  #make(count: number): void {
    if (count === 0) return;
    const began = performance.now();
    for (let i = 0; i < count; i++) this.#ring[this.#made++ % AHEAD] = this.#flow.next();
    this.ms += performance.now() - began;
  }
}
