/**
 * What the engine publishes, on one connection, so that messages keep their order: the engine publishes the catalog and
 * market messages of a batch before its replies, so whoever reads an answer finds its effect in our folds.
 *
 * Guarantees: between `connected` and `lost` no message is missed, and none is heard at other times. What is published
 * in between two connections is lost, so a listener starts afresh at each `connected`. A message that cannot be read is
 * logged and left out.
 */
import {
  decodeMarketMessage,
  decodeReplies,
  type MarketMessage,
  type Reply,
} from '../shared/domain/publications.js';
import type { Keys } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { connectPatiently, type RedisServer } from '../shared/io/redis.js';

/** A connection that went without a word (a cable, a frozen server) is given up after at most two of these. */
const BEAT_INTERVAL_MS = 2000;

/** Called in the order in which the listeners were added. */
export interface FeedListener {
  connected?(): void;
  lost?(): void;
  replies?(replies: readonly Reply[]): void;
  /** For `Catalog.update`. */
  catalog?(message: string): void;
  market?(message: MarketMessage): void;
}

export interface FeedSettings {
  redis: RedisServer;
  keys: Keys;
  /** Address of the answers that this process waits for. */
  replyTo: string;
  log: Logger;
}

export class Feed {
  readonly #redis;
  readonly #keys: Keys;
  readonly #replyChannel: string;
  readonly #log: Logger;
  readonly #listeners: FeedListener[] = [];
  /** Counts connections made and lost, so that a late success of an old one is known as such. */
  #epoch = 0;
  #connected = false;
  #heart: NodeJS.Timeout | undefined;
  /** A ping that was not answered yet. */
  #pinged = false;

  constructor({ redis, keys, replyTo, log }: FeedSettings) {
    this.#keys = keys;
    this.#replyChannel = keys.reply(replyTo);
    this.#log = log;
    this.#redis = connectPatiently(redis);
    this.#redis.on('ready', () => this.#subscribe());
    this.#redis.on('close', () => this.#lose());
    this.#redis.on('error', error => log.debug({ error: error.message }, 'feed: connection'));
    this.#redis.on('messageBuffer', (channel: Buffer, message: Buffer) =>
      this.#dispatch(channel.toString(), message),
    );
    this.#redis.on('pmessageBuffer', (_pattern: string, channel: Buffer, message: Buffer) =>
      this.#dispatch(channel.toString(), message),
    );
  }

  /** Whether all subscriptions are established. */
  get connected(): boolean {
    return this.#connected;
  }

  listen(listener: FeedListener): void {
    this.#listeners.push(listener);
  }

  start(): void {
    // What goes wrong comes as an event, and the connection is tried again.
    this.#redis.connect().catch(() => {});
    this.#heart = setInterval(() => this.#beat(), BEAT_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#heart);
    this.#redis.disconnect();
  }

  async #subscribe(): Promise<void> {
    const epoch = ++this.#epoch;
    try {
      await Promise.all([
        this.#redis.subscribe(this.#replyChannel, this.#keys.catalog),
        this.#redis.psubscribe(this.#keys.allMarkets),
      ]);
    } catch (error) {
      this.#log.warn({ error: (error as Error).message }, 'feed: cannot subscribe');
      return;
    }
    if (epoch !== this.#epoch) return;
    this.#connected = true;
    this.#log.info('feed: connected');
    for (const listener of this.#listeners) listener.connected?.();
  }

  #beat(): void {
    if (!this.#connected) return;
    if (this.#pinged) {
      this.#log.warn('feed: Redis does not answer, connecting again');
      this.#redis.disconnect(true);
      return;
    }
    this.#pinged = true;
    this.#redis.ping().then(
      () => {
        this.#pinged = false;
      },
      () => {},
    );
  }

  #lose(): void {
    this.#epoch++;
    this.#pinged = false;
    if (!this.#connected) return;
    this.#connected = false;
    this.#log.warn('feed: connection lost');
    for (const listener of this.#listeners) listener.lost?.();
  }

  /** What comes before all subscriptions are established is not heard: the listeners start afresh after it. */
  #dispatch(channel: string, message: Buffer): void {
    if (!this.#connected) return;
    try {
      if (channel === this.#replyChannel) {
        const replies = decodeReplies(message);
        for (const listener of this.#listeners) listener.replies?.(replies);
      } else if (channel === this.#keys.catalog) {
        for (const listener of this.#listeners) listener.catalog?.(message.toString());
      } else {
        const update = decodeMarketMessage(message.toString());
        for (const listener of this.#listeners) listener.market?.(update);
      }
    } catch (error) {
      this.#log.error(
        { error: String(error), channel, message: message.toString('utf8', 0, 200) },
        'feed: message left out',
      );
    }
  }
}
