/**
 * How the processes of an exchange tell each other's api of their metrics: each publishes all of its own once a second,
 * which Redis neither logs nor keeps.
 *
 * Guarantees: what was heard is forgotten when its process says no more; no outage of Redis ends or delays a process, nor
 * does what is published that is none of ours.
 */
import type { Redis } from 'ioredis';
import type { Figures, Metrics } from './metrics.js';
import { connectOnce, connectPatiently, type RedisServer } from './redis.js';

const INTERVAL_MS = 1000;
/** A process that has been silent for so long is taken for gone. */
const BELIEVED_MS = 5000;

interface Told {
  process: string;
  figures: Figures;
}

/** Tells of one process. On a connection of its own, so that no answer waits for it. */
export class MetricsTeller {
  readonly #redis: Redis;
  readonly #timer: NodeJS.Timeout;

  /** @param process its name, which no other process of the exchange has */
  constructor(server: RedisServer, channel: string, process: string, metrics: Metrics) {
    this.#redis = connectOnce(server);
    this.#redis.on('error', () => {});
    this.#redis.connect().catch(() => {});
    const tell = async (): Promise<void> => {
      const told: Told = { process, figures: await metrics.read() };
      await this.#redis.publish(channel, JSON.stringify(told));
    };
    this.#timer = setInterval(() => tell().catch(() => {}), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#redis.disconnect();
  }
}

/** Hears of all processes. */
export class MetricsHearer {
  readonly #redis: Redis;
  /** By process. */
  readonly #heard = new Map<string, { figures: Figures; at: number }>();

  constructor(server: RedisServer, channel: string) {
    this.#redis = connectPatiently(server);
    this.#redis.on('error', () => {});
    this.#redis.on('ready', () => this.#redis.subscribe(channel).catch(() => {}));
    this.#redis.on('message', (_, message: string) => this.#hear(message));
    this.#redis.connect().catch(() => {});
  }

  /** What the others told last. @param name the process that asks, which knows its own better */
  others(name: string): Figures[] {
    this.#forget();
    return [...this.#heard].flatMap(([process, { figures }]) => (process === name ? [] : [figures]));
  }

  stop(): void {
    this.#redis.disconnect();
  }

  #hear(message: string): void {
    const told = toldIn(message);
    if (told !== undefined) this.#heard.set(told.process, { figures: told.figures, at: performance.now() });
    this.#forget();
  }

  #forget(): void {
    const since = performance.now() - BELIEVED_MS;
    for (const [process, { at }] of this.#heard) if (at < since) this.#heard.delete(process);
  }
}

/** `undefined` where it is not in the form that a teller gives it. */
function toldIn(message: string): Told | undefined {
  try {
    const { process, figures } = JSON.parse(message) as Told;
    const isOurs = typeof process === 'string' && figures.every(isFigure);
    return isOurs ? { process, figures } : undefined;
  } catch {
    return undefined;
  }
}

function isFigure({ name, help, type, aggregator, values }: Figures[number]): boolean {
  return [name, help, type, aggregator].every(text => typeof text === 'string') && Array.isArray(values);
}
