/** What `GET /metrics` says, to be asked by name and labels. */

export type Labels = Readonly<Record<string, string>>;

interface Series {
  name: string;
  labels: Labels;
  value: number;
}

const SERIES = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export class Scrape {
  readonly #series: readonly Series[];

  /** @param text in Prometheus' form */
  constructor(text: string) {
    this.#series = text.split('\n').flatMap(line => seriesOf(line) ?? []);
  }

  get names(): ReadonlySet<string> {
    return new Set(this.#series.map(({ name }) => name));
  }

  /** Of all series of the name that have these labels; 0 where there is none. */
  sum(name: string, labels: Labels = {}): number {
    return this.#matching(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** The largest of the series; undefined where there is none. */
  max(name: string, labels: Labels = {}): number | undefined {
    const values = this.#matching(name, labels).map(({ value }) => value);
    return values.length === 0 ? undefined : Math.max(...values);
  }

  /** The sums of a name's series by the value of one of their labels. */
  by(label: string, name: string): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { labels, value } of this.#matching(name, {})) {
      const key = labels[label] ?? '';
      sums.set(key, (sums.get(key) ?? 0) + value);
    }
    return sums;
  }

  #matching(name: string, labels: Labels): Series[] {
    const wanted = Object.entries(labels);
    return this.#series.filter(
      series => series.name === name && wanted.every(([key, value]) => series.labels[key] === value),
    );
  }
}

/**
 * The quantile of what a histogram was told between two scrapes, in its unit, as Prometheus estimates it; undefined
 * where it was told nothing.
 */
export function quantile(name: string, part: number, before: Scrape, after: Scrape): number | undefined {
  const earlier = before.by('le', `${name}_bucket`);
  const buckets = [...after.by('le', `${name}_bucket`)]
    .map(([le, count]) => ({
      le: le === '+Inf' ? Infinity : Number(le),
      count: count - (earlier.get(le) ?? 0),
    }))
    .sort((a, b) => a.le - b.le);
  const rank = part * (buckets.at(-1)?.count ?? 0);
  if (!(rank > 0)) return undefined;
  const index = buckets.findIndex(({ count }) => count >= rank);
  const [from, to] = [buckets[index - 1] ?? { le: 0, count: 0 }, buckets[index]!];
  if (to.le === Infinity) return from.le;
  return from.le + ((to.le - from.le) * (rank - from.count)) / (to.count - from.count);
}

function seriesOf(line: string): Series | undefined {
  const [, name, labels = '', value] = SERIES.exec(line) ?? [];
  if (name === undefined || line.startsWith('#')) return undefined;
  const pairs = [...labels.matchAll(LABEL)].map(([, key, text]) => [key, text]);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}
