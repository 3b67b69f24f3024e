/**
 * Once a second, a moment after it has begun: what the streams tell that do not speak at each batch.
 *
 * A candle closes when everything that happened in it was heard. The clock alone cannot say that, since a trade may still
 * be on its way; so the engine is asked something whenever candles are read, and its answer comes behind all that it did
 * before. It takes the api's clock and the engine's to differ by less than `LATE_MS`.
 */
import type { LiveMarket } from '../live-market.js';
import type { KlineStream } from './kline-stream.js';
import { streamName, tickerMessage } from './streams.js';

const SECOND_MS = 1000;
const LATE_MS = 100;

export interface BeatParts {
  engine: { heard(): Promise<void> };
  /** Those that somebody has asked for. */
  klines(): Iterable<KlineStream>;
  markets(): Iterable<LiveMarket>;
  isRead(topic: string): boolean;
  publish(topic: string, messages: readonly string[]): void;
}

export class Beat {
  readonly #parts: BeatParts;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(parts: BeatParts) {
    this.#parts = parts;
  }

  start(): void {
    const now = Date.now();
    const next = Math.floor(now / SECOND_MS + 1) * SECOND_MS;
    this.#timer = setTimeout(() => void this.#beat(next), next + LATE_MS - now);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** @param second that has just begun */
  async #beat(second: number): Promise<void> {
    this.#tellTickers();
    await this.#tellKlines(second);
    if (!this.#stopped) this.start();
  }

  #tellTickers(): void {
    const { markets, isRead, publish } = this.#parts;
    for (const market of markets()) {
      const topic = streamName(market, 'ticker');
      const text = isRead(topic) ? tickerMessage(market) : undefined;
      if (text !== undefined) publish(topic, [text]);
    }
  }

  async #tellKlines(second: number): Promise<void> {
    const { engine, klines, isRead, publish } = this.#parts;
    const read = [...klines()].filter(({ name }) => isRead(name));
    for (const kline of klines()) if (!isRead(kline.name)) kline.rest();
    if (read.length === 0) return;
    const end = await engine.heard().then(
      () => second,
      () => 0,
    );
    if (this.#stopped) return;
    for (const kline of read) publish(kline.name, kline.beat(end));
  }
}
