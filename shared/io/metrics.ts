/**
 * What a process tells of itself, in Prometheus' terms.
 *
 * Guarantees: totals and states are plain numbers of their owners, read only when somebody asks; so counting costs an
 * addition. The names of series come from tables of ours, never from a client.
 */
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;
export type Reading = readonly [labels: Labels, value: number];
/** All of a process's metrics, as they can be sent. */
export type Figures = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export const TEXT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

export class Metrics {
  readonly #registry = new Registry();

  /** @param labels of every series */
  constructor(labels: Labels = {}) {
    this.#registry.setDefaultLabels(labels);
  }

  /** @param read the total since the process's start */
  counter(name: string, help: string, read: () => number): void {
    this.counters(name, help, [], () => [[{}, read()]]);
  }

  counters(name: string, help: string, labelNames: string[], read: () => Iterable<Reading>): void {
    new Counter({
      ...this.#named(name, help),
      labelNames,
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }

  /** @param read undefined while it is not known: then there is no series */
  gauge(name: string, help: string, read: () => number | undefined): void {
    this.gauges(name, help, [], () => {
      const value = read();
      return value === undefined ? [] : [[{}, value]];
    });
  }

  gauges(name: string, help: string, labelNames: string[], read: () => Iterable<Reading>): void {
    new Gauge({
      ...this.#named(name, help),
      labelNames,
      collect() {
        this.reset();
        if (labelNames.length === 0) this.remove();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  /** Gives what takes a value. */
  histogram(name: string, help: string, buckets: number[]): (value: number) => void {
    const histogram = new Histogram({ ...this.#named(name, help), buckets });
    return value => histogram.observe(value);
  }

  read(): Promise<Figures> {
    return this.#registry.getMetricsAsJSON();
  }

  #named(name: string, help: string) {
    return { name, help, registers: [this.#registry] };
  }
}

/** The figures of several processes in Prometheus' text form. */
export function textOf(figures: readonly Figures[]): Promise<string> {
  return AggregatorRegistry.aggregate([...figures]).metrics();
}
