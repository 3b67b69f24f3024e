/** Garbage collections, and how much of other spans of time they were. All times are those of `performance.now()`. */
import {
  constants,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface Span {
  fromMs: number;
  toMs: number;
}

interface Collection extends Span {
  isMajor: boolean;
}

type CollectionEntry = PerformanceEntry & { detail: NodeGCPerformanceDetail };

export class Collections {
  readonly #all: Collection[] = [];
  readonly #observer = new PerformanceObserver(list => this.#add(list.getEntries()));

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** Node tells of a collection some turns after it. */
  async end(): Promise<Collection[]> {
    await nextTurn();
    await nextTurn();
    this.#add(this.#observer.takeRecords());
    this.#observer.disconnect();
    return this.#all;
  }

  #add(entries: PerformanceEntry[]): void {
    for (const { startTime, duration, detail } of entries as CollectionEntry[]) {
      const isMajor = detail.kind !== constants.NODE_PERFORMANCE_GC_MINOR;
      this.#all.push({ fromMs: startTime, toMs: startTime + duration, isMajor });
    }
  }
}

export function collectionsWithin(collections: readonly Collection[], { fromMs, toMs }: Span): Collection[] {
  return collections.filter(collection => collection.toMs > fromMs && collection.fromMs < toMs);
}

export function totalMs(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

export function longestMs(spans: readonly Span[]): number {
  return Math.max(0, ...spans.map(({ fromMs, toMs }) => toMs - fromMs));
}

/** Milliseconds of the one that lie within the other; neither overlaps itself. */
export function overlapMs(some: readonly Span[], others: readonly Span[]): number {
  let sum = 0;
  for (const a of some) {
    for (const b of others) sum += Math.max(0, Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs));
  }
  return sum;
}
