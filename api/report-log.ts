/**
 * The reports that the engine has kept, of every account: heard from the feed, and before that read from the stream that
 * keeps them; held for who reads them now or has missed some.
 *
 * Guarantees: each report is heard once, in the order of its account's `seq`, whatever becomes of engines, connections
 * and other processes; what is heard is committed. Where some were trimmed before they could be read, all is forgotten
 * and the listeners are told that they have missed some. As much is held as the stream keeps, the reports of the last
 * `REPORTED_COMMANDS` commands (held-reports.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { REPORTED_COMMANDS } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { connectPatiently, type RedisServer, tellOutages } from '../shared/io/redis.js';
import type { Feed } from './feed.js';
import { type HeardReport, HeldReports } from './held-reports.js';

/** Of batches that one read brings. */
const MAX_READ = 100;
const RETRY_INTERVAL_MS = 100;

export interface ReportListener {
  /** What it throws is logged, and taken as if it had missed the report. */
  reported(report: HeardReport): void;
  /** Reports may be missing before the next one. */
  missed(): void;
}

export interface ReportLogParts {
  feed: Feed;
  redis: RedisServer;
  /** Of the stream that keeps the reports. */
  key: string;
  log: Logger;
}

export class ReportLog {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #log: Logger;
  readonly #listeners: ReportListener[] = [];
  readonly #held = new HeldReports();
  /** Sequence of the last batch whose reports were heard. */
  #last = 0;
  /** Of the last batch whose reports the feed has told. */
  #told = 0;
  #isCurrent = false;
  /** Counts connections of the feed made and lost. */
  #epoch = 0;

  /** Begins with the feed's next connection. */
  constructor({ feed, redis, key, log }: ReportLogParts) {
    this.#redis = connectPatiently(redis);
    this.#key = key;
    this.#log = log;
    tellOutages(this.#redis, log);
    feed.listen({
      connected: () => void this.#catchUp(),
      lost: () => this.#lose(),
      reports: (batch, sequence) => this.#receive(batch, sequence),
    });
  }

  listen(listener: ReportListener): void {
    this.#listeners.push(listener);
  }

  stop(): void {
    this.#lose();
    this.#redis.disconnect();
  }

  /** Whether it has heard everything, up to what the feed tells. */
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

  #lose(): void {
    this.#epoch++;
    this.#isCurrent = false;
  }

  #receive(batch: Buffer, sequence: number): void {
    this.#told = sequence;
    if (this.#isCurrent && sequence > this.#last) this.#hear(batch, sequence);
  }

  /** Reads what was kept, until there is nothing besides that the feed has told meanwhile. */
  async #catchUp(): Promise<void> {
    const epoch = ++this.#epoch;
    this.#told = 0;
    while (epoch === this.#epoch && !this.#isCurrent) {
      try {
        await this.#read(() => epoch !== this.#epoch);
      } catch (error) {
        this.#log.debug({ error: (error as Error).message }, 'reports: trying again');
        await sleep(RETRY_INTERVAL_MS);
      }
    }
  }

  async #read(isOver: () => boolean): Promise<void> {
    const told = this.#told;
    const from = ['STREAMS', this.#key, `${this.#last}-0`] as const;
    const reply = await this.#redis.xreadBuffer('COUNT', MAX_READ, ...from);
    const batches = (reply?.[0]?.[1] ?? []).map(
      ([id, [, reports]]) => [sequenceOf(id.toString()), reports!] as const,
    );
    if (batches.length > 0) await this.#checkGap(batches.at(-1)![0], batches.length);
    else if (await this.#hasBegunAgain()) return;
    if (isOver()) return;
    for (const [sequence, reports] of batches) this.#hear(reports, sequence);
    this.#isCurrent = batches.length < MAX_READ && (told === this.#told || this.#last >= this.#told);
  }

  #hear(batch: Buffer, sequence: number): void {
    const reports = this.#held.add(batch, sequence);
    this.#held.forget(sequence - REPORTED_COMMANDS);
    this.#last = sequence;
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
  async #checkGap(newest: number, read: number): Promise<void> {
    if (this.#last === 0 || (newest - this.#last < REPORTED_COMMANDS && read < MAX_READ)) return;
    const [oldest] = await this.#redis.xrange(this.#key, '-', '+', 'COUNT', 1);
    if (sequenceOf(oldest![0]) <= this.#last) return;
    this.#log.warn({ after: this.#last, oldest: oldest![0] }, 'reports were trimmed before they were read');
    this.#startAgain();
  }

  #startAgain(): void {
    this.#held.forget(Number.POSITIVE_INFINITY);
    for (const listener of this.#listeners) listener.missed();
  }

  /** An exchange that has begun again from Postgres has another stream, which may end before ours. */
  async #hasBegunAgain(): Promise<boolean> {
    if (this.#last === 0) return false;
    const [newest] = await this.#redis.xrevrange(this.#key, '+', '-', 'COUNT', 1);
    if (newest !== undefined && sequenceOf(newest[0]) >= this.#last) return false;
    this.#startAgain();
    this.#last = 0;
    return true;
  }
}

function sequenceOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}
