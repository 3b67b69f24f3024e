/**
 * The reports that the engine has kept, of every account: followed from the stream that it commits them to, and held for
 * who reads them now or has missed some.
 *
 * Guarantees: each report is heard once, in the order of its account's `seq`, whatever becomes of engines, connections
 * and other processes; what is heard is committed. Where some were trimmed before they could be read, all is forgotten
 * and the listeners are told that they have missed some. As much is held as the stream keeps, the reports of the last
 * `REPORTED_COMMANDS` commands (held-reports.ts).
 *
 * It has one read under way and nothing else on its connection: an answer that stands behind another one could leave
 * Redis before what it tells of is on disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { REPORTED_COMMANDS } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { connectPatiently, type RedisServer, tellOutages } from '../shared/io/redis.js';
import { type HeardReport, HeldReports } from './held-reports.js';

/** Of batches that one read brings. */
const MAX_READ = 100;
const BLOCK_MS = 1000;
const RETRY_INTERVAL_MS = 100;
const START = '0-0';

export interface ReportListener {
  /** What it throws is logged, and taken as if it had missed the report. */
  reported(report: HeardReport): void;
  /** Reports may be missing before the next one. */
  missed(): void;
}

export class ReportLog {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #log: Logger;
  readonly #listeners: ReportListener[] = [];
  readonly #held = new HeldReports();
  /** Id of the last batch. */
  #last = START;
  #isCurrent = false;
  #stopped = false;

  constructor(redis: RedisServer, key: string, log: Logger) {
    this.#redis = connectPatiently(redis);
    this.#key = key;
    this.#log = log;
    tellOutages(this.#redis, log);
  }

  listen(listener: ReportListener): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#redis.connect().catch(() => {});
    void this.#follow();
  }

  stop(): void {
    this.#stopped = true;
    this.#redis.disconnect();
  }

  /** Whether it has come to the stream's end since it began to read, for the first time or after a lost connection. */
  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  /** Of the last report that was heard. */
  get place(): number {
    return this.#held.place;
  }

  /** An account's reports that were heard after a place; `undefined` where some may not be held any more. */
  after(account: number, place: number): HeardReport[] | undefined {
    return this.#held.after(account, place);
  }

  /** An account's reports that are held, oldest first. */
  held(account: number): HeardReport[] {
    return this.#held.held(account);
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#read();
      } catch (error) {
        this.#isCurrent = false;
        this.#log.debug({ error: (error as Error).message }, 'reports: trying again');
        await sleep(RETRY_INTERVAL_MS);
      }
    }
  }

  async #read(): Promise<void> {
    const from = ['STREAMS', this.#key, this.#last] as const;
    const reply = this.#isCurrent
      ? await this.#redis.xreadBuffer('COUNT', MAX_READ, 'BLOCK', BLOCK_MS, ...from)
      : await this.#redis.xreadBuffer('COUNT', MAX_READ, ...from);
    const batches = (reply?.[0]?.[1] ?? []).map(([id, [, reports]]) => [id.toString(), reports!] as const);
    if (batches.length === 0) await this.#checkEnd();
    else await this.#checkGap(batches);
    for (const [id, reports] of batches) this.#hear(id, reports);
    if (batches.length < MAX_READ) this.#isCurrent = true;
  }

  #hear(id: string, batch: Buffer): void {
    const sequence = sequenceOf(id);
    const reports = this.#held.add(batch, sequence);
    this.#held.forget(sequence - REPORTED_COMMANDS);
    this.#last = id;
    for (const listener of this.#listeners) this.#tell(listener, reports);
  }

  #tell(listener: ReportListener, reports: readonly HeardReport[]): void {
    try {
      for (const report of reports) listener.reported(report);
    } catch (error) {
      this.#log.error({ err: error }, 'reports: not handed on');
      listener.missed();
    }
  }

  /** Batches are trimmed once they are so many commands behind; where we are as far behind, some may be missing. */
  async #checkGap(batches: readonly (readonly [id: string, reports: Buffer])[]): Promise<void> {
    const behind = sequenceOf(batches.at(-1)![0]) - sequenceOf(this.#last);
    if (this.#last === START || (behind < REPORTED_COMMANDS && batches.length < MAX_READ)) return;
    const [oldest] = await this.#redis.xrange(this.#key, '-', '+', 'COUNT', 1);
    if (sequenceOf(oldest![0]) <= sequenceOf(this.#last)) return;
    this.#log.warn({ after: this.#last, oldest: oldest![0] }, 'reports were trimmed before they were read');
    this.#startAgain();
  }

  #startAgain(): void {
    this.#held.forget(Number.POSITIVE_INFINITY);
    for (const listener of this.#listeners) listener.missed();
  }

  /** An exchange that has begun again from Postgres has another stream, which may end before ours. */
  async #checkEnd(): Promise<void> {
    const [newest] = await this.#redis.xrevrange(this.#key, '+', '-', 'COUNT', 1);
    if (newest !== undefined && sequenceOf(newest[0]) >= sequenceOf(this.#last)) return;
    if (this.#last !== START) this.#startAgain();
    this.#last = START;
  }
}

function sequenceOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}
