/**
 * What the engine's batches did, one after the other, read from the stream that their commits tell it to.
 *
 * Guarantees: between `connected` and `lost` no batch is missed and each is heard once, in order, and none is heard at
 * other times; what is heard is on disk. Of a batch, what it did to markets and accounts is heard before its answers, so
 * whoever reads an answer finds its effect in our folds. A listener starts afresh at each `connected`. What cannot be read
 * is logged and left out.
 *
 * It has one read under way and nothing else on its connection: an answer that stands behind another one could leave
 * Redis before what it tells of is on disk.
 */
import type { Redis } from 'ioredis';
import {
  decodeMarketMessage,
  decodeReplies,
  type MarketMessage,
  type Reply,
  repliesTo,
  TOLD,
} from '../shared/domain/publications.js';
import type { Keys } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { connectOnce, type RedisServer } from '../shared/io/redis.js';

/** Of batches that one read brings. */
const MAX_READ = 100;
const BLOCK_MS = 1000;

/** Called in the order in which the listeners were added. */
export interface FeedListener {
  connected?(): void;
  lost?(): void;
  replies?(replies: readonly Reply[]): void;
  /** For `Catalog.update`. */
  catalog?(message: string): void;
  market?(message: MarketMessage): void;
  /** @param sequence of the batch's last command */
  reports?(batch: Buffer, sequence: number): void;
}

export interface FeedSettings {
  redis: RedisServer;
  keys: Keys;
  /** Address of the answers that this process waits for. */
  replyTo: string;
  log: Logger;
}

/** `<epoch>-<batch>`, of the last batch that was heard. */
type Position = string;

export class Feed {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #replies: string;
  readonly #log: Logger;
  readonly #listeners: FeedListener[] = [];
  /** Counts connections made and lost, so that what comes of an old one is known as such. */
  #epoch = 0;
  #connected = false;

  constructor({ redis, keys, replyTo, log }: FeedSettings) {
    this.#keys = keys;
    this.#replies = repliesTo(replyTo);
    this.#log = log;
    this.#redis = connectOnce(redis);
    this.#redis.on('ready', () => void this.#follow());
    this.#redis.on('close', () => this.#lose());
    this.#redis.on('error', error => log.debug({ error: error.message }, 'feed: connection'));
  }

  /** Whether it follows. */
  get connected(): boolean {
    return this.#connected;
  }

  listen(listener: FeedListener): void {
    this.#listeners.push(listener);
  }

  start(): void {
    // What goes wrong comes as an event, and the connection is tried again.
    this.#redis.connect().catch(() => {});
  }

  stop(): void {
    this.#redis.disconnect();
  }

  async #follow(): Promise<void> {
    const epoch = ++this.#epoch;
    const isOver = () => epoch !== this.#epoch;
    try {
      let position = await this.#newest();
      if (isOver()) return;
      this.#connected = true;
      this.#log.info('feed: connected');
      for (const listener of this.#listeners) listener.connected?.();
      while (!isOver()) position = await this.#read(position, isOver);
    } catch (error) {
      if (isOver()) return;
      this.#log.warn({ error: (error as Error).message }, 'feed: connecting again');
      this.#redis.disconnect(true);
    }
  }

  /** Whatever is committed from here on will be heard. */
  async #newest(): Promise<Position> {
    const head = (await this.#redis.get(this.#keys.head)) ?? '0:0';
    return head.replace(':', '-');
  }

  async #read(position: Position, isOver: () => boolean): Promise<Position> {
    const from = ['STREAMS', this.#keys.feed, position] as const;
    const reply = await this.#redis.xreadBuffer('COUNT', MAX_READ, 'BLOCK', BLOCK_MS, ...from);
    let last = position;
    for (const [id, fields] of reply?.[0]?.[1] ?? []) {
      if (isOver()) break;
      const next = id.toString();
      if (!follows(last, next)) throw new Error(`what is between ${last} and ${next} was not kept`);
      this.#hear(fields);
      last = next;
    }
    return last;
  }

  #lose(): void {
    this.#epoch++;
    if (!this.#connected) return;
    this.#connected = false;
    this.#log.warn('feed: connection lost');
    for (const listener of this.#listeners) listener.lost?.();
  }

  /** What one batch told. */
  #hear(fields: readonly Buffer[]): void {
    let sequence = 0;
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const [name, value] = [fields[i]!.toString(), fields[i + 1]!];
      if (name === TOLD.journal) sequence = Number.parseInt(value.toString(), 10);
      else if (value.length > 0) this.#tell(name, value, sequence);
    }
  }

  #tell(name: string, value: Buffer, sequence: number): void {
    try {
      if (name === this.#replies) {
        const replies = decodeReplies(value);
        for (const listener of this.#listeners) listener.replies?.(replies);
      } else if (name === TOLD.reports) {
        for (const listener of this.#listeners) listener.reports?.(value, sequence);
      } else if (name === TOLD.market) {
        const update = decodeMarketMessage(value.toString());
        for (const listener of this.#listeners) listener.market?.(update);
      } else if (name === TOLD.catalog) {
        for (const listener of this.#listeners) listener.catalog?.(value.toString());
      }
    } catch (error) {
      this.#log.error(
        { error: String(error), name, value: value.toString('utf8', 0, 200) },
        'feed: left out',
      );
    }
  }
}

/** Batches are numbered without gaps, by one engine after the other. */
function follows(last: Position, next: Position): boolean {
  return batchOf(next) === batchOf(last) + 1;
}

function batchOf(position: Position): number {
  return Number(position.slice(position.indexOf('-') + 1));
}
