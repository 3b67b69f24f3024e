/**
 * Asks the engine: the requests' way into the list, and their answers' way back.
 *
 * Guarantees: a request is written to Redis at most once. It is answered, or rejected with SERVER_BUSY, which means that
 * it is not in the list and never will be, or with UNKNOWN_OUTCOME at most `REPLY_TIMEOUT_MS + REPLY_GRACE_MS` after it
 * came; after the lost connection if that is sooner. At most `MAX_WAITING` requests wait.
 *
 * Cost: one push is under way at a time and takes all that has come meanwhile, so the busier, the larger the push and
 * the cheaper each request (as sonic-boom writes a log).
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Answer } from '../shared/domain/answers.js';
import { encodeRequest } from '../shared/domain/codec.js';
import type { Command, Query } from '../shared/domain/commands.js';
import { FIRST_USER } from '../shared/domain/entities.js';
import type { Reply } from '../shared/domain/publications.js';
import type { Keys } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { connectOnce, type RedisServer } from '../shared/io/redis.js';
import { Crowd } from './crowd.js';
import { ApiError } from './errors.js';
import { Feed } from './feed.js';

/** From a request's receipt to its deadline: the engine refuses to execute it later than that. */
export const REPLY_TIMEOUT_MS = 2000;
/** How much longer we wait: the answer to a request that was taken in time is still on its way. */
export const REPLY_GRACE_MS = 500;
/** Requests waiting for their answers, of every kind; of new orders fewer are let in (crowd.ts). */
export const MAX_WAITING = 10_000;
/** Entries in the list, of all instances: what the engine takes well within a deadline. */
export const LIST_LIMIT = 20_000;

const SWEEP_INTERVAL_MS = 50;
const RETRY_DELAY_MS = 200;
/** The name, a hyphen and the random letters are at most 64 characters, as the codec wants it. */
const MAX_INSTANCE_LENGTH = 50;
/** What ioredis says of a command that it did not write, because there is no connection (lib Redis.sendCommand). */
const NOT_WRITTEN = /^Stream isn't writeable/;

const PUSH_SCRIPT = readFileSync(new URL('./push.lua', import.meta.url), 'utf8');

/** The cheapest question; its answer tells how far the engine is. */
export const NOBODYS_ORDER: Query = {
  kind: 'GET_ORDER',
  body: { account: FIRST_USER, orderId: 0, market: null, clientOrderId: null },
};

export interface EngineClientSettings {
  redis: RedisServer;
  keys: Keys;
  /** The process's name; the address of its answers begins with it. */
  instance: string;
  log: Logger;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

/** What was put into the list: its id is unique among those whose answers go to the same address. */
export interface ListEntry {
  readonly id: number;
  /** Of the command; null of a query, of what was not sequenced, and while no answer has come. */
  sequence: number | null;
}

/** Who can be asked. */
export interface Engine {
  /** The engine's answer, once it is durable; a refusal is an answer. Rejects with an `ApiError`, as said above. */
  ask(request: Command | Query): Promise<Answer>;
}

interface Waiting {
  readonly requestId: number;
  readonly entry: string;
  readonly listEntry: ListEntry;
  /** In `performance.now()`, which never jumps. */
  readonly timesOutAt: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: ApiError) => void;
  /** Given to Redis, perhaps written: the point from which on its outcome can be unknown. */
  pushed: boolean;
}

export class EngineClient implements Engine {
  /** Everything that the engine tells comes on the connection that brings the answers. */
  readonly feed: Feed;
  readonly #pusher;
  readonly #keys: Keys;
  readonly #log: Logger;
  readonly #clock: () => number;
  /** The address of the answers, unique to this life of the process. */
  readonly replyTo: string;
  /** In the order in which they came, hence of their time-outs. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #crowd = new Crowd();
  #unsent: Waiting[] = [];
  /** A push is under way since then (`performance.now()`), or is about to start. */
  #pushingSince: number | undefined;
  #lastRequestId = 0;
  #sweeper: NodeJS.Timeout | undefined;

  constructor({ redis, keys, instance, log, clock = Date.now }: EngineClientSettings) {
    this.#keys = keys;
    this.#log = log;
    this.#clock = clock;
    // A process that was started again must not get the answers to its predecessor's requests.
    this.replyTo = `${instance.slice(0, MAX_INSTANCE_LENGTH)}-${randomBytes(6).toString('hex')}`;
    this.feed = new Feed({ redis, keys, replyTo: this.replyTo, log });
    this.feed.listen({ replies: replies => this.#settle(replies), lost: () => this.#rejectAll() });
    this.#pusher = pusher(redis);
    this.#pusher.on('error', error => log.debug({ error: error.message }, 'engine client: connection'));
  }

  /** Whether a request can be asked at all. Says nothing of the engine itself. */
  get connected(): boolean {
    return this.feed.connected && this.#pusher.status === 'ready';
  }

  /** Requests whose answer has not come. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether one more order would be answered soon (crowd.ts). */
  get hasRoom(): boolean {
    return this.#crowd.admits(this.#waiting.size, performance.now());
  }

  /** Connects, and goes on trying. */
  start(): void {
    this.feed.start();
    // What goes wrong comes as an event, and the connection is tried again.
    this.#pusher.connect().catch(() => {});
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
  }

  /** Whoever still waits is told that the outcome is unknown. */
  stop(): void {
    clearInterval(this.#sweeper);
    this.feed.stop();
    this.#pusher.disconnect();
    this.#rejectAll();
  }

  /** Asks in the same way, and adds to the entries what was put into the list for it. */
  tracking(entries: ListEntry[]): Engine {
    return { ask: request => this.ask(request, entries) };
  }

  ask(request: Command | Query, entries?: ListEntry[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!this.connected) return reject(busy('The engine cannot be reached'));
      if (this.#waiting.size >= MAX_WAITING) return reject(busy('Too many requests are waiting'));
      const requestId = ++this.#lastRequestId;
      const deadline = this.#clock() + REPLY_TIMEOUT_MS;
      const entry = encodeRequest({ requestId, replyTo: this.replyTo, deadline, request });
      const timesOutAt = performance.now() + REPLY_TIMEOUT_MS + REPLY_GRACE_MS;
      const listEntry: ListEntry = { id: requestId, sequence: null };
      entries?.push(listEntry);
      const waiting: Waiting = { requestId, entry, listEntry, timesOutAt, resolve, reject, pushed: false };
      this.#waiting.set(requestId, waiting);
      this.#unsent.push(waiting);
      this.#schedulePush();
    });
  }

  /** Asks until the answer is of that kind; `undefined` once the signal is aborted. */
  async askUntil<K extends Answer['kind']>(
    query: Query,
    kind: K,
    signal: AbortSignal,
  ): Promise<Extract<Answer, { kind: K }> | undefined> {
    while (!signal.aborted) {
      const answer = await this.ask(query).catch(error => error as ApiError);
      if (signal.aborted) return undefined;
      if ('kind' in answer && answer.kind === kind) return answer as Extract<Answer, { kind: K }>;
      await new Promise(resolve => setTimeout(resolve, RETRY_DELAY_MS));
    }
    return undefined;
  }

  /** Ends when everything that the engine had done before was heard; rejects where that cannot be known. */
  async heard(): Promise<void> {
    await this.ask(NOBODYS_ORDER);
  }

  /** Immediately after the sockets of this turn of the event loop have been read, so that their requests go together. */
  #schedulePush(): void {
    if (this.#pushingSince !== undefined) return;
    this.#pushingSince = performance.now();
    setImmediate(() => this.#push());
  }

  async #push(): Promise<void> {
    while (this.#unsent.length > 0) {
      const batch = this.#unsent;
      this.#unsent = [];
      this.#pushingSince = performance.now();
      for (const waiting of batch) waiting.pushed = true;
      try {
        const entries = batch.map(({ entry }) => entry);
        const pushed = await this.#pusher.pushRequests(
          this.#keys.commands,
          this.#keys.wake,
          this.#keys.head,
          LIST_LIMIT,
          ...entries,
        );
        this.#rejectEach(batch.slice(pushed), () => busy('The queue is full'));
      } catch (error) {
        this.#rejectEach(batch, pushFailure(error as Error));
      }
    }
    this.#pushingSince = undefined;
  }

  #settle(replies: readonly Reply[]): void {
    for (const [requestId, answer, sequence] of replies) {
      const waiting = this.#waiting.get(requestId);
      if (waiting === undefined) continue;
      this.#waiting.delete(requestId);
      waiting.listEntry.sequence = sequence;
      waiting.resolve(answer);
    }
  }

  /** One timer for all: it stops at the first request that may still wait. */
  #sweep(): void {
    const now = performance.now();
    for (const waiting of this.#waiting.values()) {
      if (waiting.timesOutAt > now) break;
      this.#fail(waiting);
    }
    this.#unsent = this.#unsent.filter(({ requestId }) => this.#waiting.has(requestId));
    this.#dropStuckConnection(now);
  }

  /** Redis that takes a push and says nothing (stopped, unplugged): a new connection, else this one blocks all. */
  #dropStuckConnection(now: number): void {
    if (this.#pushingSince === undefined || now - this.#pushingSince < REPLY_TIMEOUT_MS) return;
    this.#log.warn('engine client: Redis does not answer, connecting again');
    this.#pushingSince = now;
    this.#pusher.disconnect(true);
  }

  /** Without a connection no answer comes. */
  #rejectAll(): void {
    for (const waiting of this.#waiting.values()) this.#fail(waiting);
    this.#unsent = [];
  }

  #fail(waiting: Waiting): void {
    this.#waiting.delete(waiting.requestId);
    waiting.reject(waiting.pushed ? unknownOutcome() : busy('The queue cannot be reached'));
  }

  #rejectEach(batch: readonly Waiting[], error: () => ApiError): void {
    for (const waiting of batch) {
      this.#waiting.delete(waiting.requestId);
      waiting.reject(error());
    }
  }
}

function pusher(server: RedisServer) {
  const redis = connectOnce(server);
  redis.defineCommand('pushRequests', { numberOfKeys: 3, lua: PUSH_SCRIPT });
  return redis as typeof redis & {
    /** push.lua; a server that has forgotten the script is given it again (it has not run then). */
    pushRequests(
      ...args: [commands: string, wake: string, head: string, limit: number, ...entries: string[]]
    ): Promise<number>;
  };
}

/**
 * What a failed push means for its requests. An error from Redis: it refused, nothing was appended (push.lua). Not
 * written: nothing was appended. Anything else, also what we do not know: written, and the answer was lost.
 */
function pushFailure(error: Error): () => ApiError {
  const refused = error.name === 'ReplyError' || NOT_WRITTEN.test(error.message);
  return refused ? () => busy('The queue cannot be reached') : unknownOutcome;
}

function busy(reason: string): ApiError {
  return new ApiError('SERVER_BUSY', `${reason}; the request was not queued, it is safe to send it again.`);
}

function unknownOutcome(): ApiError {
  return new ApiError(
    'UNKNOWN_OUTCOME',
    'The request may have been queued, but no answer came in time; ask for its result.',
  );
}
