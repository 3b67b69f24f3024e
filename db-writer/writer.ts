/**
 * The writer's loop: from the journal into Postgres, batch after batch, from the watermark on.
 *
 * Guarantees: it ends only when it is told to, between two transactions, or by a fault that no waiting mends. An outage
 * of Redis or Postgres only delays it. Several writers of one exchange do no harm: the watermark lets one through.
 */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Keys } from '../shared/io/keys.js';
import { type Changes, Fold } from './fold.js';
import { JournalReader } from './journal-reader.js';
import { JournalFault, reach, unlessStopped } from './outage.js';
import { type Patience, pause } from './patience.js';
import { readWatermark, type Watermark, write } from './write.js';

export interface Connections {
  readonly pool: pg.Pool;
  readonly redis: Redis;
  readonly keys: Keys;
  /** The journal may be so large. */
  readonly journalLimitBytes: number;
}

/** Some 100,000 commands of the journal stay behind the watermark, unless that is too large a part of its limit. */
const KEPT_BYTES = 64_000_000;
const KEPT_PART = 1 / 4;
/** Until the exchange's first engine has started. */
const FIRST_ENGINE_POLL_MS = 100;
/**
 * After a transaction the writer rests for a multiple of its duration: an idle exchange is stored within some ten
 * milliseconds, a busy one in fewer and larger transactions. With 3000 commands in one, a command costs half of what
 * it costs with 100 (31 and 58 µs of CPU, node and Postgres together). With a factor of 2 and 100 ms at most there were an
 * eighth fewer orders a second at 64 connections. A reader of what has just happened waits as long as the writer rests.
 */
const REST_FACTOR = 4;
const LONGEST_REST_MS = 250;

/** What of the journal is written in one transaction: nothing where nothing came. */
interface Stretch {
  readonly changes: Changes | undefined;
  readonly isBacklog: boolean;
}

/** Hears of a transaction that is durable. @param commands how many it wrote */
export type WriteListener = (commands: number, tookMs: number) => void;

export class Writer {
  private readonly journal: JournalReader;
  private onWritten: WriteListener = () => {};

  constructor(
    private readonly connections: Connections,
    private readonly patience: Patience,
    private readonly stop: AbortSignal,
  ) {
    const { redis, keys, journalLimitBytes } = connections;
    const keptBytes = Math.min(KEPT_BYTES, journalLimitBytes * KEPT_PART);
    this.journal = new JournalReader(redis, keys.journal, keptBytes, stop);
  }

  /** One listener, before `run`. */
  listen(onWritten: WriteListener): void {
    this.onWritten = onWritten;
  }

  async run(): Promise<void> {
    while (!this.stop.aborted) await this.patience.through(() => this.follow());
  }

  /**
   * Writes until it is told to stop or another writer was faster. While Postgres writes a stretch of a backlog, the next
   * one is read and folded.
   */
  private async follow(): Promise<void> {
    let watermark = await this.position();
    if (watermark === undefined) return pause(FIRST_ENGINE_POLL_MS, this.stop);
    let ahead: Promise<Stretch> | undefined;
    while (!this.stop.aborted) {
      const stretch = await this.inTime(watermark, ahead ?? this.stretchAfter(watermark.sequence));
      if (stretch === undefined) return;
      const { changes, isBacklog } = stretch;
      ahead = undefined;
      if (changes !== undefined) {
        const began = performance.now();
        const writing = write(this.connections.pool, watermark, changes);
        if (isBacklog) ahead = settled(this.stretchAfter(changes.sequence));
        if (!(await writing)) return;
        const took = performance.now() - began;
        this.onWritten(changes.sequence - watermark.sequence, took);
        watermark = { ...watermark, sequence: changes.sequence };
        if (!isBacklog) await pause(Math.min(took * REST_FACTOR, LONGEST_REST_MS), this.stop);
      }
      await this.journal.trimBehind(watermark.sequence);
      this.patience.served();
    }
  }

  /** Nothing where another writer was faster: what was to be read may have been trimmed behind its watermark. */
  private async inTime(watermark: Watermark, reading: Promise<Stretch>): Promise<Stretch | undefined> {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof JournalFault)) throw error;
      const position = await this.position();
      if (position?.sequence === watermark.sequence) throw error;
      return undefined;
    }
  }

  private async stretchAfter(sequence: number): Promise<Stretch> {
    const { batches, isBacklog } = await this.journal.after(sequence);
    if (batches.length === 0) return { changes: undefined, isBacklog };
    const fold = new Fold();
    for (const batch of batches) {
      fold.add(batch);
      await otherWork();
    }
    return { changes: fold.changes(), isBacklog };
  }

  /** Where to go on, once both stores have been given to the same exchange. */
  private async position(): Promise<Watermark | undefined> {
    const { pool, redis, keys } = this.connections;
    const watermark = await readWatermark(pool);
    const exchangeId = await reach('Redis', unlessStopped(this.stop, redis.get(keys.exchangeId)));
    if (watermark === undefined || exchangeId === null) return undefined;
    if (watermark.exchangeId !== exchangeId) {
      throw new JournalFault(`Redis holds exchange ${exchangeId}, Postgres ${watermark.exchangeId}`);
    }
    return watermark;
  }
}

/** Lets what waits for this thread go on: the transaction's next statement. */
function otherWork(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** A promise that may be left alone: its failure is for whoever awaits it. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
