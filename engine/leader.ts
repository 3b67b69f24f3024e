/**
 * The leader's loop: take, apply, commit, publish (D2). Nothing is published before its batch is durable, and the next
 * entries come with the answer to the commit.
 */
import { encodeAnswer } from '../shared/domain/answers.js';
import { encodeRequest } from '../shared/domain/codec.js';
import { GENESIS } from '../shared/domain/genesis.js';
import type { Keys } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { type AppliedBatch, BatchMaker, type BatchParts, setAside } from './batch.js';
import { type CommandLog, MAX_BATCH_ENTRIES, type Taken } from './command-log.js';
import { publish } from './publish.js';

/** An entry may end the engine because of those before it: it is tried as it came, then alone. */
const TRIES_TOGETHER = 3;
const TRIES_ALONE = 2;

/** Hears of a batch that is durable. */
export type BatchListener = (batch: AppliedBatch, applyMs: number, commitMs: number) => void;

export interface LeaderParts extends BatchParts {
  commandLog: CommandLog;
  keys: Keys;
  log: Logger;
  onBatch: BatchListener;
}

export class Leader {
  readonly #parts: LeaderParts;
  readonly #batches: BatchMaker;
  /** `<epoch>:<batch>` of the last commit. */
  #head: string;
  /** Of the last batch in the journal. */
  #end = 0;
  #stopping = false;

  constructor(parts: LeaderParts, head: string) {
    this.#parts = parts;
    this.#batches = new BatchMaker(parts);
    this.#head = head;
  }

  /** Serves until `stop`. Throws a FencedError where another engine has taken over. */
  async run(): Promise<void> {
    try {
      await this.#serve();
    } catch (error) {
      // Asked to stop while Redis was away: what was not committed is still in the list.
      if (!this.#stopping) throw error;
    }
  }

  async #serve(): Promise<void> {
    const { commandLog, machine } = this.#parts;
    this.#end = (await commandLog.journal.extent()).end;
    machine.startReporting();
    if (machine.exchange.sequence === 0) await this.#found();
    this.#announce();
    let entries = await this.#begin();
    while (!this.#stopping) {
      if (entries.length > 0) entries = await this.#process(entries);
      else entries = await this.#next();
    }
  }

  async #next(): Promise<string[]> {
    const brought = await this.#parts.commandLog.wait(this.#head);
    return brought.length > 0 ? brought : this.#take();
  }

  async #take(): Promise<string[]> {
    return this.#admit(await this.#parts.commandLog.take(this.#head));
  }

  #admit({ entries, draining }: Taken): string[] {
    this.#parts.admission.draining = draining;
    return entries;
  }

  /**
   * The first batch may hold an entry that ended the engines before this one. After a few tries its entries are applied
   * one by one; the one that ends an engine then too is set aside. Gives the next entries, as `#take` does.
   */
  async #begin(): Promise<string[]> {
    let entries = await this.#take();
    let tries = entries.length === 0 ? 0 : await this.#countTry(1);
    if (tries <= TRIES_TOGETHER) return entries;
    for (let left = MAX_BATCH_ENTRIES; left > 0 && entries.length > 0 && !this.#stopping; left--) {
      const [entry] = entries as [string];
      if (tries <= TRIES_TOGETHER + TRIES_ALONE) entries = await this.#process([entry]);
      else entries = await this.#setAside(entry, tries);
      if (entries.length > 0) tries = await this.#countTry(TRIES_TOGETHER + 1);
    }
    return entries;
  }

  #countTry(atLeast: number): Promise<number> {
    return this.#parts.commandLog.countAttempt(this.#head, atLeast);
  }

  #setAside(entry: string, tries: number): Promise<string[]> {
    const reason = `it has ended ${tries - 1} engines`;
    this.#parts.log.error({ reason, entry }, 'a list entry goes to the dead letters and is never executed');
    return this.#commit(setAside(entry, reason));
  }

  /** Ends `run` after the batch that is under way. */
  stop(): void {
    this.#stopping = true;
    this.#parts.commandLog.interrupt();
  }

  async #process(entries: readonly string[]): Promise<string[]> {
    const { keys, commandLog, onBatch } = this.#parts;
    const began = performance.now();
    const batch = this.#apply(entries);
    const applied = performance.now();
    this.#warnOfDeadLetters(batch);
    const next = await this.#commit(batch);
    const committed = performance.now();
    publish(commandLog.publisher, keys, batch.publications);
    onBatch(batch, applied - began, committed - applied);
    return next;
  }

  /** A fresh exchange begins with its assets and markets, before any entry of the list. */
  async #found(): Promise<void> {
    const entries = GENESIS.map((request, requestId) =>
      encodeRequest({ requestId, replyTo: 'genesis', deadline: Number.MAX_SAFE_INTEGER, request }),
    );
    await this.#commit({ ...this.#apply(entries), taken: 0 });
  }

  #apply(entries: readonly string[]): AppliedBatch {
    return this.#batches.apply(entries, { head: successor(this.#head), after: this.#end });
  }

  async #commit(batch: AppliedBatch): Promise<string[]> {
    const head = successor(this.#head);
    const taken = await this.#parts.commandLog.commit(this.#head, head, batch);
    const { first, last } = batch.journal ?? {};
    this.#parts.log.debug({ head, first, last, taken: batch.taken }, 'committed');
    this.#head = head;
    this.#end = batch.journal?.end ?? this.#end;
    return this.#admit(taken);
  }

  /** A predecessor may have died between commit and publication: the update ids tell readers what they have missed. */
  #announce(): void {
    const { machine, keys, commandLog } = this.#parts;
    const catalog = machine.exchange.query({ kind: 'CATALOG', body: {} });
    publish(commandLog.publisher, keys, {
      markets: [],
      listings: [encodeAnswer(catalog)],
      replies: new Map(),
    });
  }

  #warnOfDeadLetters({ deadLetters }: AppliedBatch): void {
    for (const { entry, reason } of deadLetters) {
      this.#parts.log.warn(
        { reason, entry: entry.slice(0, 200) },
        'malformed list entry goes to the dead letters',
      );
    }
  }
}

function successor(head: string): string {
  const [epoch, batch] = head.split(':');
  return `${epoch}:${Number(batch) + 1}`;
}
