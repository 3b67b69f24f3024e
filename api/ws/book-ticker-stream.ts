/** The best level of both sides of one market, told once for each batch that changed it. */
import type { LiveMarket } from '../live-market.js';
import { decimalLevel } from '../ticker.js';
import { type Missed, message, type Stream } from './stream.js';

export class BookTickerStream implements Stream {
  readonly name: string;
  readonly topic: string;
  readonly #market: LiveMarket;
  /** As it is told, but for the update id. */
  #top = '';

  constructor(name: string, market: LiveMarket) {
    this.name = name;
    this.topic = name;
    this.#market = market;
  }

  position(): number {
    return this.#market.depth.lastUpdateId;
  }

  /** What is now replaces whatever was missed. */
  missedSince(): Missed {
    return this.#market.ready ? [this.message()] : 'WAIT';
  }

  /** Whether the last batch has changed it. */
  hasChanged(): boolean {
    const { depth } = this.#market;
    const top = `${depth.best('bids')} ${depth.best('asks')}`;
    const hasChanged = top !== this.#top;
    this.#top = top;
    return hasChanged;
  }

  message(): string {
    const { depth, scale } = this.#market;
    const [b, B] = decimalLevel(depth.best('bids'), scale);
    const [a, A] = decimalLevel(depth.best('asks'), scale);
    return message(this.name, { u: depth.lastUpdateId, s: scale.market, b, B, a, A });
  }
}
