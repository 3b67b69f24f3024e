/**
 * The engine's side of Redis: waiting for entries, taking them, committing batches, reading the journal.
 *
 * A commit is sent again until its outcome is known, which is safe because the script acts once per head. It ends in
 * the next entries or in a FencedError, after which this engine must not go on.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { toStreamFields } from '../shared/domain/codec.js';
import { Journal } from '../shared/io/journal.js';
import { type Keys, REPORTED_COMMANDS } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { connectOnce, connectPatiently, type RedisServer, tellOutages } from '../shared/io/redis.js';
import type { AppliedBatch } from './batch.js';
import { FeedWindow, feedFields, feedId } from './feed.js';
import { Wake } from './wake.js';

/** Of a batch: some ten milliseconds of work, and a journal entry of a few megabytes. */
export const MAX_BATCH_ENTRIES = 512;
/** Of the entries that one answer brings. */
const MAX_TAKEN_BYTES = 1_000_000;
const RETRY_DELAY_MS = 20;
const ANSWER_TIMEOUT_MS = 5000;
const WATCH_INTERVAL_MS = 1000;

/** Redis is out of memory or disk, loading, or running a slow script: it may take the same commit later. */
const PASSING_REFUSAL = /^(OOM|MISCONF|LOADING|BUSY) /;

export class FencedError extends Error {}

/** What is to be done next. */
export interface Taken {
  /** They come behind those that were given before and are not committed; still in the list. */
  entries: readonly string[];
  /** No command is to be sequenced. */
  draining: boolean;
}

type Argument = string | number | Buffer;

/** Of a commit: no batch. */
const NOTHING: Argument[] = ['', '', '', 0, 0, '', ''];

interface Scripts {
  commit(...args: Argument[]): Promise<[draining: number, entries: string[]]>;
  attempt(attempts: string, batch: string, atLeast: number): Promise<number>;
  lead(...args: [...keys: string[], instance: string, leaseMs: number]): Promise<string | null>;
  renew(leader: string, instance: string, leaseMs: number): Promise<number>;
  resign(leader: string, instance: string): Promise<null>;
  standBy(standbys: string, instance: string, sequence: number, intervalMs: number): Promise<null>;
}

const SCRIPTS: { readonly [K in keyof Scripts]: { file: string; numberOfKeys: number } } = {
  commit: { file: 'commit', numberOfKeys: 7 },
  attempt: { file: 'attempt', numberOfKeys: 1 },
  lead: { file: 'lead', numberOfKeys: 4 },
  renew: { file: 'renew', numberOfKeys: 1 },
  resign: { file: 'resign', numberOfKeys: 1 },
  standBy: { file: 'stand-by', numberOfKeys: 1 },
};

export class CommandLog {
  readonly #keys: Keys;
  readonly #log: Logger;
  /** Commits; never sends twice by itself. */
  readonly #writer: Redis & Scripts;
  readonly #reader: Redis;
  readonly #journal: Journal;
  readonly #wake: Wake;
  readonly #feed = new FeedWindow();
  #interrupted = false;
  /** What was given of the list and is not committed, in order. */
  #front: readonly string[] = [];
  /** How many of these Redis may have lost since (api/push.lua): the first ones. */
  #unsure = 0;
  /** A script is under way since then (`performance.now()`). */
  #askedAt: number | undefined;
  readonly #watchdog: NodeJS.Timeout;

  /** @param batchEntries most entries of a batch */
  constructor(
    server: RedisServer,
    keys: Keys,
    log: Logger,
    readonly batchEntries = MAX_BATCH_ENTRIES,
  ) {
    this.#keys = keys;
    this.#log = log;
    this.#writer = withScripts(connectOnce(server));
    this.#reader = connectPatiently(server);
    this.#journal = new Journal(this.#reader, keys.journal);
    this.#wake = new Wake(server, keys.wake);
    tellOutages(this.#reader, log);
    // The two are lost together, and told of once.
    this.#writer.on('error', () => {});
    this.#writer.on('close', () => {
      this.#unsure = this.#front.length;
    });
    for (const redis of this.#connections()) redis.connect().catch(() => {});
    this.#watchdog = setInterval(() => this.#dropStuckConnection(), WATCH_INTERVAL_MS);
  }

  #connections(): Redis[] {
    return [this.#writer, this.#reader];
  }

  get journal(): Journal {
    return this.#journal;
  }

  /** The connection for reads that may be sent again. */
  get reader(): Redis {
    return this.#reader;
  }

  /** A batch that is applied or committed, and one behind it. */
  get #mostKnown(): number {
    return 2 * this.batchEntries;
  }

  /** Ends a wait, and lets a commit that finds no Redis fail. */
  interrupt(): void {
    this.#interrupted = true;
    this.#wake.wake();
  }

  close(): void {
    clearInterval(this.#watchdog);
    for (const redis of this.#connections()) redis.disconnect();
    this.#wake.close();
  }

  /**
   * Returns when there may be something to take, some ten milliseconds later at most.
   * @returns the entries at the front of the list where the wake-up brings them; else none, and they are to be taken
   */
  async wait(head: string): Promise<readonly string[]> {
    const entries = await this.#wake.wait(head);
    if (entries.length > 0) this.#front = entries;
    return entries;
  }

  /** The entries at the front of the list, whatever was given before. @param head the head that this engine set last */
  take(head: string): Promise<Taken> {
    this.#front = [];
    this.#unsure = 0;
    return this.#runCommit(head, head, 0, NOTHING);
  }

  /** Makes a batch durable and gives further entries. Throws a FencedError where another engine leads. */
  commit(predecessor: string, head: string, batch: AppliedBatch): Promise<Taken> {
    const { taken, journal, reports, deadLetters } = batch;
    const fields = journal === undefined ? [] : toStreamFields(journal);
    const id = journal === undefined ? '' : `${journal.last}-0`;
    const reportsFrom = journal === undefined ? '' : `${Math.max(0, journal.last - REPORTED_COMMANDS)}-0`;
    const told = feedFields(batch);
    const feed = [told.length, feedId(head), this.#feed.add(feedId(head), [reports, ...told])];
    const letters = deadLetters.map(({ entry }) => entry);
    const parts = [id, reports, reportsFrom, fields.length, ...feed, ...fields, ...told, ...letters];
    return this.#runCommit(predecessor, head, taken, parts);
  }

  async #runCommit(predecessor: string, head: string, taken: number, batch: Argument[]): Promise<Taken> {
    const { journal, commands, deadLetters, draining, reports, feed } = this.#keys;
    const keys = [this.#keys.head, journal, commands, deadLetters, draining, reports, feed];
    const [isDraining, entries] = await this.#untilAnswered(async () => {
      const [left, known] = this.#unsure === 0 ? this.#split(taken) : await this.#stillThere(taken);
      const bounds = [this.#mostKnown - known, MAX_TAKEN_BYTES];
      this.#wake.arm();
      return this.#writer.commit(...keys, predecessor, head, left, known, ...bounds, ...batch);
    });
    this.#front = [...this.#front.slice(taken), ...entries];
    this.#unsure = Math.max(0, this.#unsure - taken);
    return { entries, draining: isDraining === 1 };
  }

  /** Of what was given, how many a batch took, and how many come behind them. */
  #split(taken: number): [taken: number, behind: number] {
    return [taken, Math.max(0, this.#front.length - taken)];
  }

  /** The same of those that are still in the list: what was put there since must not go with the others. */
  async #stillThere(taken: number): Promise<[taken: number, behind: number]> {
    const list = await this.#writer.lrange(this.#keys.commands, 0, this.#front.length - 1);
    const left = countOf(list, this.#front.slice(0, taken));
    return [left, countOf(list.slice(left), this.#front.slice(taken))];
  }

  /** For scripts that act once, or that may act twice. */
  async #untilAnswered<T>(run: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await this.#watched(run);
      } catch (error) {
        this.#assertPassing(error as Error);
        if (failures === 0) this.#log.warn({ err: error }, 'Redis did not answer, trying again');
        await delay(RETRY_DELAY_MS);
      }
    }
  }

  /** What gets no answer for too long fails with its connection. One at a time. */
  async #watched<T>(run: () => Promise<T>): Promise<T> {
    this.#askedAt = performance.now();
    try {
      return await run();
    } finally {
      this.#askedAt = undefined;
    }
  }

  /** Redis that takes a commit and says nothing (unplugged, stopped): on a new connection the commit is sent again. */
  #dropStuckConnection(): void {
    if (this.#askedAt === undefined || performance.now() - this.#askedAt < ANSWER_TIMEOUT_MS) return;
    this.#askedAt = undefined;
    this.#log.warn('Redis does not answer, connecting again');
    this.#writer.disconnect(true);
  }

  /** A lost connection leaves the outcome unknown and a full Redis refuses: both pass. Throws what does not. */
  #assertPassing(error: Error): void {
    if (error.message.startsWith('FENCED')) throw new FencedError(error.message);
    const isFault = error.name === 'ReplyError' && !PASSING_REFUSAL.test(error.message);
    if (isFault || this.#interrupted) throw error;
  }

  /** How often engines have tried what follows a head, this time included. @param atLeast what the count begins with */
  countAttempt(head: string, atLeast: number): Promise<number> {
    const batch = head.split(':')[1]!;
    return this.#untilAnswered(() => this.#writer.attempt(this.#keys.attempts, batch, atLeast));
  }

  /** The new head, or nothing while another engine leads. */
  lead(instance: string, leaseMs: number): Promise<string | null> {
    const { leader, head, standbys, draining } = this.#keys;
    return this.#watched(() => this.#writer.lead(leader, head, standbys, draining, instance, leaseMs));
  }

  /** Tells how far this engine has come. @param intervalMs when it will tell again */
  async standBy(instance: string, sequence: number, intervalMs: number): Promise<void> {
    await this.#writer.standBy(this.#keys.standbys, instance, sequence, intervalMs);
  }

  /** False where another engine leads. */
  async renew(instance: string, leaseMs: number): Promise<boolean> {
    return (await this.#writer.renew(this.#keys.leader, instance, leaseMs)) === 1;
  }

  async resign(instance: string): Promise<void> {
    await this.#writer.resign(this.#keys.leader, instance);
  }
}

/** How many of a list's first entries are among these. */
function countOf(list: readonly string[], entries: readonly string[]): number {
  const own = new Set(entries);
  const others = list.findIndex(entry => !own.has(entry));
  return others === -1 ? list.length : others;
}

function withScripts(redis: Redis): Redis & Scripts {
  for (const [name, { file, numberOfKeys }] of Object.entries(SCRIPTS)) {
    const lua = readFileSync(new URL(`./scripts/${file}.lua`, import.meta.url), 'utf8');
    redis.defineCommand(name, { numberOfKeys, lua });
  }
  return redis as Redis & Scripts;
}
