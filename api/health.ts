/**
 * Whether orders can be taken, and the state of each part.
 *
 * Guarantees: `check` answers within `PROBE_TIMEOUT_MS`, whatever hangs; however many ask, each server is asked by one
 * probe at a time, and what it said is kept for `KEPT_MS`, so that health checks do not pile up.
 */
import { Journal } from '../shared/io/journal.js';
import type { Keys } from '../shared/io/keys.js';
import { connectOnce, type RedisServer } from '../shared/io/redis.js';
import type { Catalog } from './catalog.js';
import type { Database } from './database.js';
import type { EngineClient } from './engine-client.js';

type State = 'up' | 'down';

export interface HealthReport {
  /** Orders can be taken. */
  ready: boolean;
  /** Of the last command that the engine committed; null while Redis is down. */
  sequence: number | null;
  leader: { instance: string; epoch: number } | null;
  /** `lag`: commands that the leader has committed and this engine has not yet replayed. */
  standbys: (Standby & { lag: number })[];
  redis: State;
  postgres: State;
  /** `lag`: commands not yet in Postgres; null while it cannot be known. */
  dbWriter: { watermark: number | null; lag: number | null };
}

/** What waits in Redis. */
export interface Backlog {
  /** In the list of commands. */
  entries: number;
  journalBytes: number;
}

export interface HealthSettings {
  redis: RedisServer;
  keys: Keys;
  engine: EngineClient;
  catalog: Catalog;
  database: Database;
}

interface Standby {
  instance: string;
  sequence: number;
}

interface QueueState extends Backlog {
  leader: string | null;
  head: string | null;
  sequence: number;
  draining: boolean;
  standbys: Standby[];
}

const PROBE_TIMEOUT_MS = 500;
const KEPT_MS = 200;

export class Health {
  readonly #engine: EngineClient;
  readonly #catalog: Catalog;
  readonly #redis;
  readonly #journal: Journal;
  readonly #queue: Probe<QueueState>;
  readonly #watermark: Probe<number>;

  constructor({ redis, keys, engine, catalog, database }: HealthSettings) {
    this.#engine = engine;
    this.#catalog = catalog;
    // Without a queue of commands: while there is no connection a probe fails at once.
    this.#redis = connectOnce(redis);
    this.#redis.on('error', () => {});
    this.#journal = new Journal(this.#redis, keys.journal);
    this.#queue = new Probe(() => this.#readQueue(keys));
    this.#watermark = new Probe(async () => {
      const [row] = await database.query('SELECT sequence FROM watermark', []);
      return Number(row?.sequence ?? 0);
    });
  }

  start(): void {
    // What goes wrong comes as an event, and the connection is tried again.
    this.#redis.connect().catch(() => {});
  }

  stop(): void {
    this.#redis.disconnect();
  }

  async check(): Promise<HealthReport> {
    const [queue, watermark] = await Promise.all([this.#queue.state(), this.#watermark.state()]);
    const leads = queue !== undefined && queue.leader !== null && queue.head !== null;
    const sequence = queue?.sequence;
    return {
      ready: leads && !queue.draining && this.#engine.connected && this.#catalog.markets().length > 0,
      sequence: sequence ?? null,
      leader: leads ? { instance: queue.leader!, epoch: Number(queue.head!.split(':')[0]) } : null,
      standbys: (queue?.standbys ?? []).map(standby => ({
        ...standby,
        lag: Math.max(0, queue!.sequence - standby.sequence),
      })),
      redis: queue === undefined ? 'down' : 'up',
      postgres: watermark === undefined ? 'down' : 'up',
      dbWriter: {
        watermark: watermark ?? null,
        lag: sequence === undefined || watermark === undefined ? null : sequence - watermark,
      },
    };
  }

  /** Undefined while Redis is down. */
  backlog(): Promise<Backlog | undefined> {
    return this.#queue.state();
  }

  async #readQueue(keys: Keys): Promise<QueueState> {
    const [entries, leader, head, { last, bytes }, draining, standbys, [seconds]] = await Promise.all([
      this.#redis.llen(keys.commands),
      this.#redis.get(keys.leader),
      this.#redis.get(keys.head),
      this.#journal.extent(),
      this.#redis.exists(keys.draining),
      this.#redis.hgetall(keys.standbys),
      this.#redis.time(),
    ]);
    return {
      entries,
      journalBytes: bytes,
      leader,
      head,
      sequence: last,
      draining: draining === 1,
      standbys: standing(standbys, Number(seconds) * 1000),
    };
  }
}

/** Those that have told lately. @param now by the clock of Redis, milliseconds */
function standing(standbys: Record<string, string>, now: number): Standby[] {
  return Object.entries(standbys).flatMap(([instance, text]) => {
    const [sequence, until] = text.split(' ').map(Number) as [number, number];
    return until >= now ? [{ instance, sequence }] : [];
  });
}

/** One question to one server, shared by all who ask; `undefined` where it failed or takes too long. */
class Probe<T> {
  readonly #ask: () => Promise<T>;
  /** Under way, or its answer is being kept. */
  #current: Promise<T | undefined> | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  state(): Promise<T | undefined> {
    this.#current ??= this.#start();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<undefined>(resolve => {
      timer = setTimeout(() => resolve(undefined), PROBE_TIMEOUT_MS);
    });
    return Promise.race([this.#current, tooLate]).finally(() => clearTimeout(timer));
  }

  #start(): Promise<T | undefined> {
    const answer = this.#ask().catch(() => undefined);
    // A probe that hangs stays the current one until it ends, so that hanging ones do not pile up.
    answer.finally(() => setTimeout(() => (this.#current = undefined), KEPT_MS).unref());
    return answer;
  }
}
