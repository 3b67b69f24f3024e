/**
 * The journal as the writer needs it: the batches after a sequence.
 *
 * Guarantees: what `after` returns follows the sequence without a gap, and one call holds a bounded number of entries
 * and bytes. A journal that cannot continue the sequence is a `JournalFault`.
 */
import type { Redis } from 'ioredis';
import { type BatchText, fromStreamFields } from '../shared/domain/codec.js';
import { reach, unlessStopped } from './outage.js';

/** Journal and tables do not belong together: an operator must look, going on would make it worse. */
export class JournalFault extends Error {}

export interface Batches {
  readonly batches: readonly BatchText[];
  /** More is waiting than one call may hold. */
  readonly isBacklog: boolean;
}

/** What one transaction carries at most: the more, the less each command costs, and the more a lost one repeats. */
const MAX_ENTRIES = 256;
const MAX_BYTES = 4 * 1024 * 1024;
/** A read is bounded only by its count; an entry may have some megabytes, and so many of them must fit in memory. */
const READ_COUNT = 16;
const BLOCK_MS = 1000;

/** How far behind the watermark entries stay, for followers that are slower than the writer. */
const TRIM_MARGIN = 100_000;
const TRIM_EVERY = 10_000;

export class JournalReader {
  private trimmedAt = 0;

  constructor(
    private readonly redis: Redis,
    private readonly key: string,
    private readonly stop: AbortSignal,
  ) {}

  /** The batches after `sequence`, oldest first; none where nothing came within a second. */
  async after(sequence: number): Promise<Batches> {
    const batches: BatchText[] = [];
    let last = sequence;
    let bytes = 0;
    while (batches.length < MAX_ENTRIES && bytes < MAX_BYTES) {
      const entries = await this.read(last, batches.length === 0 ? BLOCK_MS : undefined);
      for (const batch of entries) {
        if (batch.first !== last + 1) {
          throw new JournalFault(`hole in the journal: ${last} is followed by ${batch.first}`);
        }
        last = batch.last;
        bytes += batch.commands.length + batch.events.length + batch.images.length;
        batches.push(batch);
      }
      if (entries.length < READ_COUNT) {
        if (batches.length === 0) await this.checkEnd(sequence);
        return { batches, isBacklog: false };
      }
    }
    return { batches, isBacklog: true };
  }

  /** Drops, once in a while, what every reader is long past. */
  async trimBehind(watermark: number): Promise<void> {
    if (watermark < this.trimmedAt + TRIM_EVERY) return;
    this.trimmedAt = watermark;
    const oldest = Math.max(0, watermark - TRIM_MARGIN);
    await this.reply(this.redis.xtrim(this.key, 'MINID', '~', `${oldest}-0`));
  }

  private async read(sequence: number, blockMs: number | undefined): Promise<BatchText[]> {
    const from = ['STREAMS', this.key, `${sequence}-0`] as const;
    const reply = await this.reply(
      blockMs === undefined
        ? this.redis.xread('COUNT', READ_COUNT, ...from)
        : this.redis.xread('COUNT', READ_COUNT, 'BLOCK', blockMs, ...from),
    );
    return (reply?.[0]?.[1] ?? []).map(([, fields]) => fromStreamFields(fields));
  }

  /** Where nothing follows `sequence`, the journal must at least reach it. */
  private async checkEnd(sequence: number): Promise<void> {
    const newest = await this.reply(this.redis.xrevrange(this.key, '+', '-', 'COUNT', 1));
    const end = Number(newest[0]?.[0].split('-')[0] ?? 0);
    if (end < sequence) {
      throw new JournalFault(
        `the journal ends at ${end}, before the watermark ${sequence}: Redis lost its tail`,
      );
    }
  }

  private reply<T>(call: Promise<T>): Promise<T> {
    return reach('Redis', unlessStopped(this.stop, call));
  }
}
