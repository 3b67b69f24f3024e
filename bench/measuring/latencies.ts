/** Latencies in nanoseconds: percentiles, and a picture of all of them. */
import {
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  Int32Histogram,
  type JsHistogram,
} from 'hdr-histogram-js';
import { percent, table, whole } from './text.js';

const MAX_NS = 1e11;
const DIGITS = 3;
const FIRST_BAR_NS = 1_000;
const BAR_WIDTH = 40;

export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  p9999: number;
  max: number;
}

export class Latencies {
  readonly #histogram = new Int32Histogram(1, MAX_NS, DIGITS);

  /** All of several that were `encoded`. */
  static merged(encoded: readonly string[]): Latencies {
    const all = new Latencies();
    for (const text of encoded) all.#histogram.add(decodeFromCompressedBase64(text) as JsHistogram);
    return all;
  }

  encoded(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  addMs(ms: number): void {
    this.#histogram.recordValue(Math.min(MAX_NS, Math.round(ms * 1e6)));
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  get mean(): number {
    return this.#histogram.mean;
  }

  at(percentile: number): number {
    return this.#histogram.getValueAtPercentile(percentile);
  }

  percentiles(): Percentiles {
    const max = this.#histogram.maxValue;
    return {
      p50: this.at(50),
      p90: this.at(90),
      p99: this.at(99),
      p999: this.at(99.9),
      p9999: this.at(99.99),
      max,
    };
  }

  /** How many there are in each bar of the picture: up to 1 µs, up to 2 µs, up to 4 µs and so on. */
  bars(): number[] {
    const bars: number[] = [];
    const { recordedValuesIterator } = this.#histogram;
    recordedValuesIterator.reset();
    while (recordedValuesIterator.hasNext()) {
      const { valueIteratedTo, countAtValueIteratedTo } = recordedValuesIterator.next();
      const bar = Math.max(0, Math.ceil(Math.log2(valueIteratedTo / FIRST_BAR_NS)));
      while (bars.length <= bar) bars.push(0);
      bars[bar]! += countAtValueIteratedTo;
    }
    return bars;
  }
}

/** The bars' lengths are logarithms: what is rare is what the picture is for. */
export function barLines(bars: readonly number[]): string[] {
  const all = bars.reduce((sum, count) => sum + count, 0);
  const unit = BAR_WIDTH / Math.log2(1 + Math.max(...bars));
  const rows = bars.map((count, bar) => [
    `to ${microseconds(FIRST_BAR_NS * 2 ** bar)}`,
    whole(count),
    percent(count, all, 4),
    '#'.repeat(Math.round(unit * Math.log2(1 + count))).padEnd(BAR_WIDTH),
  ]);
  return table(rows.slice(bars.findIndex(count => count > 0)));
}

export function percentileLine({ p50, p90, p99, p999, p9999, max }: Percentiles): string {
  const named = { p50, p90, p99, 'p99.9': p999, 'p99.99': p9999, max };
  return Object.entries(named)
    .map(([name, ns]) => `${name} ${microseconds(ns)}`)
    .join('  ');
}

export function microseconds(ns: number): string {
  return `${ns < 10_000 ? (ns / 1_000).toFixed(1) : whole(ns / 1_000)} µs`;
}
