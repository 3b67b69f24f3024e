/**
 * The journal as the writer needs it: the batches after a sequence.
 *
 * Guarantees: what `after` returns follows the sequence without a gap, and one call holds a bounded number of entries
 * and bytes. A journal that cannot continue the sequence is a `JournalFault`.
 */
import type { Redis } from 'ioredis';
import { type JournalBatch, sizeOf } from '../shared/domain/codec.js';
import { Journal } from '../shared/io/journal.js';
import { JournalFault, reach, unlessStopped } from './outage.js';

export interface Batches {
  readonly batches: readonly JournalBatch[];
  /** More is waiting than one call may hold. */
  readonly isBacklog: boolean;
}

/** What one transaction carries at most: the more, the less each command costs, and the more a lost one repeats. */
const MAX_ENTRIES = 256;
const MAX_BYTES = 4 * 1024 * 1024;
const BLOCK_MS = 1000;

const TRIM_INTERVAL_MS = 2000;

export class JournalReader {
  private readonly journal: Journal;
  private trimmedBehind = 0;
  /** `performance.now()`. */
  private trimAt = 0;

  constructor(
    redis: Redis,
    key: string,
    /** How many bytes of the journal stay behind the watermark, for followers that are slower than the writer. */
    private readonly keptBytes: number,
    private readonly stop: AbortSignal,
  ) {
    this.journal = new Journal(redis, key);
  }

  /** The batches after `sequence`, oldest first; none where nothing came within a second. */
  async after(sequence: number): Promise<Batches> {
    const batches: JournalBatch[] = [];
    let last = sequence;
    let bytes = 0;
    while (batches.length < MAX_ENTRIES && bytes < MAX_BYTES) {
      const page = await this.reply(this.journal.page(last, batches.length === 0 ? BLOCK_MS : undefined));
      for (const batch of page.batches) {
        if (batch.first !== last + 1) {
          throw new JournalFault(`hole in the journal: ${last} is followed by ${batch.first}`);
        }
        last = batch.last;
        bytes += sizeOf(batch);
        batches.push(batch);
      }
      if (!page.isFull) {
        if (batches.length === 0) await this.checkEnd(sequence);
        return { batches, isBacklog: false };
      }
    }
    return { batches, isBacklog: true };
  }

  /** Drops, once in a while, what every reader is long past. */
  async trimBehind(watermark: number): Promise<void> {
    if (watermark === this.trimmedBehind || performance.now() < this.trimAt) return;
    await this.reply(this.journal.trimBehind(watermark, this.keptBytes));
    this.trimmedBehind = watermark;
    this.trimAt = performance.now() + TRIM_INTERVAL_MS;
  }

  /** Where nothing follows `sequence`, the journal must at least reach it. */
  private async checkEnd(sequence: number): Promise<void> {
    const { last } = await this.reply(this.journal.extent());
    if (last < sequence) {
      throw new JournalFault(
        `the journal ends at ${last}, before the watermark ${sequence}: Redis lost its tail`,
      );
    }
  }

  private reply<T>(call: Promise<T>): Promise<T> {
    return reach('Redis', unlessStopped(this.stop, call));
  }
}
