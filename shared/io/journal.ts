/**
 * The journal: a Redis stream of committed batches, each under the id `<last sequence>-0`.
 *
 * Guarantees: an answer of Redis holds a bounded number of bytes, however large or small the batches are.
 */
import type { Redis } from 'ioredis';
import { fromStreamFields, type JournalBatch, sizeOf } from '../domain/codec.js';

/** What one answer should hold; a single batch may be larger. */
const PAGE_BYTES = 1_000_000;
const MAX_PAGE_ENTRIES = 1000;
/** As many of the largest batches as may be in memory at once, before anything is known of their size. */
const FIRST_PAGE_ENTRIES = 16;

type StreamEntry = [id: string, fields: string[]];

export interface Page {
  batches: readonly JournalBatch[];
  /** There may be more. */
  isFull: boolean;
}

export interface JournalExtent {
  /** Sequence of the oldest command that it holds, or of the next one where it holds none. */
  first: number;
  /** Sequence of the newest command, also where everything was trimmed; 0 where there has never been one. */
  last: number;
  /** Of the batches that it holds. */
  bytes: number;
  /** The newest batch's `end`. */
  end: number;
}

export class Journal {
  /** Entries that the next page asks for. */
  #pageEntries = FIRST_PAGE_ENTRIES;

  constructor(
    readonly redis: Redis,
    readonly key: string,
  ) {}

  /** The batches after a sequence; ends at the journal's end. The next page is on its way while one is used. */
  async *after(sequence: number): AsyncIterable<JournalBatch> {
    let page = await this.page(sequence);
    while (page.isFull) {
      const next = this.page(page.batches.at(-1)!.last);
      // Where nobody waits for it any more, because its reader has failed.
      next.catch(() => {});
      yield* page.batches;
      page = await next;
    }
    yield* page.batches;
  }

  /** Some batches after a sequence, oldest first. @param blockMs how long to wait for one where there is none */
  async page(sequence: number, blockMs?: number): Promise<Page> {
    const count = this.#pageEntries;
    const from = ['STREAMS', this.key, `${sequence}-0`] as const;
    const reply =
      blockMs === undefined
        ? await this.redis.xreadBuffer('COUNT', count, ...from)
        : await this.redis.xreadBuffer('COUNT', count, 'BLOCK', blockMs, ...from);
    // An answer outlives its use, until all garbage is collected; emptied, it does so without its bytes.
    const [stream] = reply?.splice(0) ?? [];
    const batches = (stream?.[1] ?? []).map(([, fields]) => fromStreamFields(fields));
    if (batches.length > 0) this.#learn(batches);
    return { batches, isFull: batches.length === count };
  }

  #learn(batches: readonly JournalBatch[]): void {
    const bytes = batches.reduce((sum, batch) => sum + sizeOf(batch), 0);
    const fitting = Math.floor((PAGE_BYTES * batches.length) / bytes);
    this.#pageEntries = Math.min(Math.max(fitting, 1), MAX_PAGE_ENTRIES, batches.length * 8);
  }

  async extent(): Promise<JournalExtent> {
    const info = await this.#info();
    const oldest = info.get('first-entry') as StreamEntry | null | undefined;
    const newest = info.get('last-entry') as StreamEntry | null | undefined;
    const last = Number.parseInt((info.get('last-generated-id') as string | undefined) ?? '0', 10);
    if (!oldest || !newest) return { first: last + 1, last, bytes: 0, end: 0 };
    const batch = fromStreamFields(oldest[1]);
    const { end } = fromStreamFields(newest[1]);
    return { first: batch.first, last, bytes: end - batch.end + sizeOf(batch), end };
  }

  /**
   * Drops the oldest batches. What stays up to the batch that ends with `sequence` has at least so many bytes; the batch
   * where it begins is looked for by halving, a read each.
   */
  async trimBehind(sequence: number, bytes: number): Promise<void> {
    const [oldest, newest] = [await this.#batchFrom(0), await this.#batchFrom(sequence)];
    if (oldest === undefined || newest?.last !== sequence) return;
    let [dropped, kept] = [oldest.last, sequence];
    while (kept - dropped > 1) {
      const middle = Math.floor((dropped + kept) / 2);
      const batch = (await this.#batchFrom(middle))!;
      if (newest.end - batch.end < bytes) kept = middle;
      else dropped = batch.last;
    }
    if (newest.end - oldest.end >= bytes) await this.redis.xtrim(this.key, 'MINID', '~', `${dropped}-0`);
  }

  /** The first batch that reaches a sequence. */
  async #batchFrom(sequence: number): Promise<JournalBatch | undefined> {
    const [entry] = await this.redis.xrange(this.key, `${sequence}-0`, '+', 'COUNT', 1);
    return entry && fromStreamFields(entry[1]);
  }

  async #info(): Promise<Map<string, unknown>> {
    try {
      const pairs = (await this.redis.xinfo('STREAM', this.key)) as unknown[];
      const info = new Map<string, unknown>();
      for (let i = 0; i < pairs.length; i += 2) info.set(pairs[i] as string, pairs[i + 1]);
      return info;
    } catch (error) {
      if (/no such key/.test((error as Error).message)) return new Map();
      throw error;
    }
  }
}
