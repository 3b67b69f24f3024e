/** One simulated world: its time, its servers, its processes and what they have said. */
import type { JournalBatch } from '../../shared/domain/codec.js';
import { fromStreamFields } from '../../shared/domain/codec.js';
import { mapReports, type ReportLine } from '../../shared/domain/reports.js';
import { keysOf } from '../../shared/io/keys.js';
import type { Logger } from '../../shared/io/log.js';
import { Random } from '../random.js';
import type { Link, Network } from './link.js';
import { PostgresServer } from './postgres-server.js';
import type { Write } from './redis-data.js';
import { RedisServer } from './redis-server.js';
import { type Owner, Scheduler } from './scheduler.js';
import { enter } from './virtual-time.js';

export class World {
  readonly keys = keysOf('sim');
  readonly scheduler = new Scheduler();
  readonly network: Network;
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly links = new Map<Owner, Set<Link>>();
  readonly postgresLinks = new Map<Owner, Set<Link>>();
  /** How much slower than usual, in milliseconds. */
  readonly delays = new Map<Owner, number>();
  /** Every batch that has ever been durable. */
  readonly history: JournalBatch[] = [];
  /** Every report of an account that has ever been durable. */
  readonly reports = new Map<number, ReportLine[]>();
  /** Every list entry since Redis has started: what was queued does not outlive it. */
  queued: string[] = [];
  /** Every message in a log. */
  readonly logged = new Set<string | undefined>();
  readonly violations: string[] = [];
  /** What happened, where somebody wants to know. */
  readonly trace: string[] | undefined;

  constructor(seed: number, isTraced: boolean) {
    const random = new Random(seed);
    const { scheduler } = this;
    this.trace = isTraced ? [] : undefined;
    this.network = { scheduler, random, delayMs: owner => this.delays.get(owner) ?? 0 };
    this.redis = new RedisServer(scheduler, random, {
      durable: writes => this.#remember(writes),
      unlogged: writes => {
        for (const [name, , ...entries] of writes) if (name === 'RPUSH') this.queued.push(...entries);
      },
      crashed: () => {
        this.queued = [];
      },
    });
    this.postgres = new PostgresServer(scheduler, random);
    enter(scheduler);
  }

  violate(what: string): void {
    this.violations.push(what);
    this.tell(`VIOLATION ${what}`);
  }

  tell(what: string): void {
    this.trace?.push(`${this.scheduler.now.toFixed(1).padStart(8)}  ${what}`);
  }

  /** What a process logs is told in the trace. */
  logger({ name }: Owner): Logger {
    const say = (level: string) => (details: unknown, message?: string) => {
      this.logged.add(message);
      if (this.trace === undefined) return;
      const text = typeof details === 'string' ? details : `${message} ${JSON.stringify(details, plain)}`;
      this.tell(`${name} ${level}: ${text.slice(0, 300)}`);
    };
    const levels = ['debug', 'info', 'warn', 'error', 'fatal'].map(level => [level, say(level)]);
    return Object.fromEntries(levels) as Logger;
  }

  #remember(writes: readonly Write[]): void {
    for (const [name, key, ...rest] of writes) {
      if (name === 'XADD' && key === this.keys.journal) this.history.push(fromStreamFields(rest.slice(1)));
      if (name === 'XADD' && key === this.keys.reports) this.#report(rest.at(-1)!);
    }
  }

  #report(batch: string): void {
    const bytes = Buffer.from(batch, 'latin1');
    const lineOf = (account: number, seq: number, from: number, end: number): ReportLine => {
      return { account, seq, batch: bytes, from, end };
    };
    for (const line of mapReports(bytes, lineOf)) {
      const ofAccount = this.reports.get(line.account) ?? [];
      ofAccount.push(line);
      this.reports.set(line.account, ofAccount);
    }
  }
}

function plain(_name: string, value: unknown): unknown {
  if (value instanceof Error) return value.message;
  return typeof value === 'bigint' ? String(value) : value;
}
