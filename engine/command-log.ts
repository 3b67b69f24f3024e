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
import type { Keys } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { connectOnce, connectPatiently, tellOutages } from '../shared/io/redis.js';
import type { AppliedBatch } from './batch.js';
import { Wake } from './wake.js';

/** A batch's bounds: some ten milliseconds of work, and a journal entry of a few megabytes. */
const MAX_BATCH_ENTRIES = 512;
const MAX_BATCH_BYTES = 1_000_000;
const RETRY_DELAY_MS = 20;

/** Redis is out of memory or disk, loading, or running a slow script: it may take the same commit later. */
const PASSING_REFUSAL = /^(OOM|MISCONF|LOADING|BUSY) /;

export class FencedError extends Error {}

interface Scripts {
  commit(...args: (string | number)[]): Promise<string[]>;
  lead(leader: string, head: string, instance: string, leaseMs: number): Promise<string | null>;
  renew(leader: string, instance: string, leaseMs: number): Promise<number>;
  resign(leader: string, instance: string): Promise<null>;
}

const SCRIPT_KEYS: { readonly [K in keyof Scripts]: number } = { commit: 4, lead: 2, renew: 1, resign: 1 };

export class CommandLog {
  readonly #keys: Keys;
  readonly #log: Logger;
  /** Commits and publishes; never sends twice by itself. */
  readonly #writer: Redis & Scripts;
  readonly #reader: Redis;
  readonly #journal: Journal;
  readonly #wake: Wake;
  #interrupted = false;

  constructor(redisUrl: string, keys: Keys, log: Logger) {
    this.#keys = keys;
    this.#log = log;
    this.#writer = withScripts(connectOnce(redisUrl));
    this.#reader = connectPatiently(redisUrl);
    this.#journal = new Journal(this.#reader, keys.journal);
    this.#wake = new Wake(redisUrl, keys.wake);
    tellOutages(this.#reader, log);
    // The two are lost together, and told of once.
    this.#writer.on('error', () => {});
    for (const redis of this.#connections()) redis.connect().catch(() => {});
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

  /** The connection that publishes, behind the commits. */
  get publisher(): Redis {
    return this.#writer;
  }

  /** Ends a wait, and lets a commit that finds no Redis fail. */
  interrupt(): void {
    this.#interrupted = true;
    this.#wake.wake();
  }

  close(): void {
    for (const redis of this.#connections()) redis.disconnect();
    this.#wake.close();
  }

  /** Returns when there may be something to take, some ten milliseconds later at most. */
  wait(): Promise<void> {
    return this.#wake.wait();
  }

  /** The entries at the front of the list. @param head the head that this engine set last */
  take(head: string): Promise<string[]> {
    return this.#runCommit([head, head, 0, MAX_BATCH_ENTRIES, MAX_BATCH_BYTES, '', 0]);
  }

  /** Makes a batch durable and gives the next entries. Throws a FencedError where another engine leads. */
  commit(
    predecessor: string,
    head: string,
    { taken, journal, deadLetters }: AppliedBatch,
  ): Promise<string[]> {
    const fields = journal === undefined ? [] : toStreamFields(journal);
    const id = journal === undefined ? '' : `${journal.last}-0`;
    const letters = deadLetters.map(({ entry }) => entry);
    const bounds = [MAX_BATCH_ENTRIES, MAX_BATCH_BYTES];
    return this.#runCommit([predecessor, head, taken, ...bounds, id, fields.length, ...fields, ...letters]);
  }

  async #runCommit(args: (string | number)[]): Promise<string[]> {
    const { head, journal, commands, deadLetters } = this.#keys;
    for (let failures = 0; ; failures++) {
      try {
        this.#wake.arm();
        return await this.#writer.commit(head, journal, commands, deadLetters, ...args);
      } catch (error) {
        this.#assertPassing(error as Error);
        if (failures === 0) this.#log.warn({ err: error }, 'commit without an answer, trying again');
        await delay(RETRY_DELAY_MS);
      }
    }
  }

  /** A lost connection leaves the outcome unknown and a full Redis refuses: both pass. Throws what does not. */
  #assertPassing(error: Error): void {
    if (error.message.startsWith('FENCED')) throw new FencedError(error.message);
    const isFault = error.name === 'ReplyError' && !PASSING_REFUSAL.test(error.message);
    if (isFault || this.#interrupted) throw error;
  }

  /** The new head, or nothing while another engine leads. */
  lead(instance: string, leaseMs: number): Promise<string | null> {
    return this.#writer.lead(this.#keys.leader, this.#keys.head, instance, leaseMs);
  }

  /** False where another engine leads. */
  async renew(instance: string, leaseMs: number): Promise<boolean> {
    return (await this.#writer.renew(this.#keys.leader, instance, leaseMs)) === 1;
  }

  async resign(instance: string): Promise<void> {
    await this.#writer.resign(this.#keys.leader, instance);
  }
}

function withScripts(redis: Redis): Redis & Scripts {
  for (const [name, numberOfKeys] of Object.entries(SCRIPT_KEYS)) {
    const lua = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');
    redis.defineCommand(name, { numberOfKeys, lua });
  }
  return redis as Redis & Scripts;
}
