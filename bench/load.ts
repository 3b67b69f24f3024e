/** A closed loop of orders over many connections: each sends its next one when the last one is answered. */
import { build } from 'hdr-histogram-js';
import { Connection } from './connection.js';

const MAX_LATENCY_US = 10_000_000;

/** The two requests that a connection sends in turn: a resting order, and one that takes as much. */
export type Pair = readonly [rest: string, take: string];

interface Address {
  host: string;
  port: number;
}

export class Load {
  readonly #latencies = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_LATENCY_US,
    numberOfSignificantValueDigits: 3,
  });
  readonly #failures = new Map<string, number>();
  readonly #connections: Connection[];
  readonly #senders: (() => void)[];
  #answered = 0;
  #traded = 0;
  #startedAt = 0;
  #stopping = false;

  constructor(exchange: Address, pairs: readonly Pair[]) {
    this.#connections = [];
    this.#senders = pairs.map(pair => this.#connect(exchange, pair));
  }

  #connect({ host, port }: Address, pair: Pair): () => void {
    let sent = 0;
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      connection.send(pair[sent++ % pair.length]!);
    };
    const connection = new Connection(host, port, (status, body) => {
      this.#count(status, body, performance.now() - sentAt);
      if (!this.#stopping) send();
    });
    this.#connections.push(connection);
    return send;
  }

  #count(status: number, body: string, latencyMs: number): void {
    this.#answered++;
    this.#latencies.recordValue(Math.min(MAX_LATENCY_US, Math.round(latencyMs * 1000)));
    if (status !== 201) this.#failures.set(body, (this.#failures.get(body) ?? 0) + 1);
    else if (body.includes('"status":"FILLED"')) this.#traded++;
  }

  get answered(): number {
    return this.#answered;
  }

  start(): void {
    for (const send of this.#senders) send();
  }

  /** What came before does not count. */
  measure(): void {
    this.#latencies.reset();
    this.#failures.clear();
    this.#answered = 0;
    this.#traded = 0;
    this.#startedAt = performance.now();
  }

  /** Ends the load and gives the seconds that were measured. */
  stop(): number {
    this.#stopping = true;
    for (const connection of this.#connections) connection.close();
    return (performance.now() - this.#startedAt) / 1000;
  }

  lines(measuredSeconds: number): string[] {
    const quantile = (percent: number) => (this.#latencies.getValueAtPercentile(percent) / 1000).toFixed(2);
    return [
      `orders answered   ${Math.round(this.#answered / measuredSeconds)} a second over ${measuredSeconds.toFixed(0)} s`,
      `traded on arrival ${((100 * this.#traded) / this.#answered).toFixed(1)} %`,
      `latency           p50 ${quantile(50)}  p90 ${quantile(90)}  p99 ${quantile(99)}  p99.9 ${quantile(99.9)} ms`,
      ...Array.from(this.#failures, ([body, count]) => `refused ${count} times: ${body}`),
    ];
  }
}
