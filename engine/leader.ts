/**
 * The leader's loop: take, apply, commit, publish (D2). Nothing is published before its batch is durable, and the next
 * entries come with the answer to the commit.
 */
import { encodeAnswer } from '../shared/domain/answers.js';
import { encodeRequest } from '../shared/domain/codec.js';
import { GENESIS } from '../shared/domain/genesis.js';
import type { Keys } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { type AppliedBatch, applyBatch } from './batch.js';
import type { Clock } from './clock.js';
import type { CommandLog } from './command-log.js';
import type { Machine } from './machine.js';
import { publish } from './publish.js';

export interface LeaderParts {
  machine: Machine;
  clock: Clock;
  commandLog: CommandLog;
  keys: Keys;
  log: Logger;
}

export class Leader {
  readonly #parts: LeaderParts;
  /** `<epoch>:<batch>` of the last commit. */
  #head: string;
  /** Of the last batch in the journal. */
  #end = 0;
  #stopping = false;

  constructor(parts: LeaderParts, head: string) {
    this.#parts = parts;
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
    if (machine.exchange.sequence === 0) await this.#found();
    this.#announce();
    let entries = await commandLog.take(this.#head);
    while (!this.#stopping) {
      if (entries.length > 0) entries = await this.#process(entries);
      else entries = await this.#next();
    }
  }

  async #next(): Promise<string[]> {
    const { commandLog } = this.#parts;
    await commandLog.wait();
    return commandLog.take(this.#head);
  }

  /** Ends `run` after the batch that is under way. */
  stop(): void {
    this.#stopping = true;
    this.#parts.commandLog.interrupt();
  }

  async #process(entries: readonly string[]): Promise<string[]> {
    const { keys, commandLog } = this.#parts;
    const batch = this.#apply(entries);
    this.#warnOfDeadLetters(batch);
    const next = await this.#commit(batch);
    publish(commandLog.publisher, keys, batch.publications);
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
    const { machine, clock } = this.#parts;
    return applyBatch(machine, clock, entries, { head: successor(this.#head), after: this.#end });
  }

  async #commit(batch: AppliedBatch): Promise<string[]> {
    const head = successor(this.#head);
    const next = await this.#parts.commandLog.commit(this.#head, head, batch);
    this.#head = head;
    this.#end = batch.journal?.end ?? this.#end;
    return next;
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
