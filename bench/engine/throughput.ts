/** Commands a second through the exchange's own `execute`, batches ended as the engine ends them. */
import { Exchange } from '../../engine/core/exchange.js';
import type { Answer } from '../../shared/domain/answers.js';
import type { Command } from '../../shared/domain/commands.js';
import { type FlowShape, foundation, OrderFlow } from './order-flow.js';

/** What the engine takes at most. */
export const BATCH = 512;
const TIME_MS = 1_700_000_000_000;

export interface Throughput {
  commands: number;
  seconds: number;
  events: number;
  trades: number;
  images: number;
  refused: number;
}

export class Bench {
  readonly flow: OrderFlow;
  readonly exchange: Exchange;
  readonly result: Throughput = { commands: 0, seconds: 0, events: 0, trades: 0, images: 0, refused: 0 };

  constructor(shape: FlowShape) {
    this.exchange = new Exchange(event => {
      this.result.events++;
      if (event.kind === 'TRADE') this.result.trades++;
      else if (event.kind === 'REFUSED') this.result.refused++;
    });
    this.flow = new OrderFlow(shape);
    for (const command of foundation(shape)) this.#execute(command);
    while (this.flow.openOrders < shape.resting) {
      for (let i = 0; i < BATCH; i++) this.#execute(this.flow.passive());
      this.flow.hear(this.exchange.endBatch().images);
    }
  }

  #execute(command: Command): Answer {
    return this.exchange.execute(command, { time: TIME_MS, deadline: TIME_MS });
  }

  /** Makes some thousand commands, and measures how long the exchange takes for them. */
  chunk(): void {
    const commands = Array.from({ length: BATCH }, () => this.flow.next());
    const began = process.hrtime.bigint();
    for (const command of commands) this.#execute(command);
    const { images } = this.exchange.endBatch();
    this.result.seconds += Number(process.hrtime.bigint() - began) / 1e9;
    this.result.commands += BATCH;
    this.result.images += images.length;
    this.flow.hear(images);
  }
}
