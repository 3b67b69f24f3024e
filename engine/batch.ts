/**
 * One batch of the leader: list entries in, and out comes all that committing it writes and tells.
 */
import { type Answer, encodeAnswer } from '../shared/domain/answers.js';
import {
  decodeRequest,
  encodeCommands,
  encodeImages,
  isCommand,
  type JournalBatch,
  type JournaledCommand,
  LOGIC,
  type Request,
  sizeOf,
} from '../shared/domain/codec.js';
import { COMMAND_FIELDS, type Command, type CommandKind, type Query } from '../shared/domain/commands.js';
import type { Trade } from '../shared/domain/events.js';
import { type MarketMessage, type PublicTrade, RepliesWriter } from '../shared/domain/publications.js';
import { reject } from '../shared/domain/rejects.js';
import type { Admission } from './admission.js';
import type { Clock } from './clock.js';
import type { DepthChange } from './core/traded-market.js';
import type { Machine } from './machine.js';

export interface DeadLetter {
  entry: string;
  reason: string;
}

/** How many commands of each kind. */
export type CommandCounts = Record<CommandKind, number>;

/** Its bytes stay while one more is applied. */
export interface AppliedBatch {
  /** How many list entries it took. */
  taken: number;
  /** Of the commands that were sequenced. */
  executed: CommandCounts;
  refused: CommandCounts;
  /** Absent where nothing was sequenced. */
  journal: JournalBatch | undefined;
  /** A line each (reports.ts); empty where there are none. */
  reports: Buffer;
  deadLetters: DeadLetter[];
  publications: Publications;
}

export interface Publications {
  /** By API instance: the message with its answers. */
  replies: Map<string, Buffer>;
  markets: MarketMessage[];
  /** The encoded answers that tell which assets and markets were created or changed. */
  listings: string[];
}

/** Where a batch stands in the journal. */
export interface Place {
  /** The head that its commit sets. */
  head: string;
  /** The `end` of the batch before it. */
  after: number;
}

export interface BatchParts {
  machine: Machine;
  clock: Clock;
  admission: Admission;
}

export function noCommands(): CommandCounts {
  return { ...NO_COMMANDS };
}

const NOTHING = Buffer.alloc(0);
const NO_COMMANDS = Object.fromEntries(Object.keys(COMMAND_FIELDS).map(kind => [kind, 0])) as CommandCounts;

/** Takes an entry out of the list without looking into it. */
export function setAside(entry: string, reason: string): AppliedBatch {
  return {
    taken: 1,
    executed: noCommands(),
    refused: noCommands(),
    journal: undefined,
    reports: NOTHING,
    deadLetters: [{ entry, reason }],
    publications: { replies: new Map(), markets: [], listings: [] },
  };
}

/**
 * Applies list entries in order, a batch at a time.
 *
 * One lives as long as its engine. Made anew for each batch, it took its hidden class along when all garbage was
 * collected, and V8 then compiles again whatever knew that class: a tenth of the engine's processor time at full load.
 */
export class BatchMaker {
  readonly #machine: Machine;
  readonly #clock: Clock;
  readonly #admission: Admission;
  readonly #replies = new RepliesWriter();
  #first = 0;
  /** Deadlines are by the wall clock. */
  #drift = 0;
  #taken = 0;
  #commands: JournaledCommand[] = [];
  #deadLetters: DeadLetter[] = [];
  #trades = new Map<string, PublicTrade[]>();
  #listings: string[] = [];
  #executed = noCommands();
  #refused = noCommands();

  constructor({ machine, clock, admission }: BatchParts) {
    this.#machine = machine;
    this.#clock = clock;
    this.#admission = admission;
  }

  apply(entries: readonly string[], place: Place): AppliedBatch {
    this.#begin();
    for (const entry of entries) this.#take(entry);
    return this.#end(place);
  }

  #begin(): void {
    this.#first = this.#machine.exchange.sequence + 1;
    this.#drift = this.#clock.drift();
    this.#taken = 0;
    this.#commands = [];
    this.#deadLetters = [];
    this.#trades = new Map();
    this.#listings = [];
    this.#executed = noCommands();
    this.#refused = noCommands();
  }

  #take(entry: string): void {
    this.#taken++;
    const request = decodeRequest(entry);
    if ('malformed' in request) this.#deadLetters.push({ entry, reason: request.malformed });
    else if (isCommand(request.request)) this.#command(request, request.request, entry);
    else this.#answer(request, request.request);
  }

  #command(request: Request, command: Command, entry: string): void {
    if (this.#admission.takes(command)) this.#execute(request, command, entry);
    else this.#reply(request, { kind: 'REFUSED', reject: reject('SERVER_BUSY') }, null);
  }

  #execute(request: Request, command: Command, entry: string): void {
    const time = this.#clock.now();
    const deadline = this.#deadlineOf(request);
    const answer = this.#machine.execute(command, { time, deadline });
    this.#commands.push({ time, deadline, entry });
    (answer.kind === 'REFUSED' ? this.#refused : this.#executed)[command.kind]++;
    if (answer.kind === 'ORDER') this.#collectTrades(answer.trades, time);
    this.#reply(request, answer, this.#machine.exchange.sequence);
    if (answer.kind === 'CATALOG') this.#listings.push(encodeAnswer(answer));
  }

  /** Nobody waits for a query that is past its deadline. */
  #answer(request: Request, query: Query): void {
    if (this.#clock.now() <= this.#deadlineOf(request))
      this.#reply(request, this.#machine.exchange.query(query), null);
  }

  /**
   * By the engine's clock: however the wall clocks have jumped, it is as far away as it was for the sender; and a number
   * that the journal can be read with, also where a sender never wants it to come.
   */
  #deadlineOf({ deadline }: Request): number {
    return Math.min(Math.max(0, deadline - this.#drift), Number.MAX_SAFE_INTEGER);
  }

  /** Answers share objects with the state, so they are encoded at once. */
  #reply({ replyTo, requestId }: Request, answer: Answer, sequence: number | null): void {
    this.#replies.add(replyTo, [requestId, answer, sequence]);
  }

  #collectTrades(trades: readonly Trade[], time: number): void {
    for (const { market, tradeId, price, quantity, buyerIsMaker } of trades) {
      const trade = { tradeId, price, quantity, time, buyerIsMaker };
      const collected = this.#trades.get(market);
      if (collected === undefined) this.#trades.set(market, [trade]);
      else collected.push(trade);
    }
  }

  #end({ head, after }: Place): AppliedBatch {
    const { events, reports, images, stateHash, depth } = this.#machine.endBatch();
    const sequenced = this.#commands.length > 0;
    const journal: JournalBatch = {
      logic: LOGIC,
      head,
      first: this.#first,
      last: this.#machine.exchange.sequence,
      end: after,
      commands: encodeCommands(this.#commands),
      events,
      images: encodeImages(images),
      stateHash,
    };
    journal.end += sizeOf(journal);
    return {
      taken: this.#taken,
      executed: this.#executed,
      refused: this.#refused,
      journal: sequenced ? journal : undefined,
      reports,
      deadLetters: this.#deadLetters,
      publications: {
        replies: this.#replies.take(),
        markets: depth.map(change => this.#marketMessage(change)),
        listings: this.#listings,
      },
    };
  }

  #marketMessage(change: DepthChange): MarketMessage {
    return { time: this.#machine.exchange.time, trades: this.#trades.get(change.market) ?? [], ...change };
  }
}
