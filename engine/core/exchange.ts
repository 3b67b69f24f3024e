/**
 * The exchange itself: commands in, answers and events out, one at a time. Pure and synchronous: the same commands at
 * the same times give the same state, the same events and the same hash, on any machine, in batches of any size.
 */
import type { Answer } from '../../shared/domain/answers.js';
import type { Image, Images } from '../../shared/domain/codec.js';
import type { Command, Query } from '../../shared/domain/commands.js';
import type { Emit } from '../../shared/domain/events.js';
import { reject } from '../../shared/domain/rejects.js';
import { audit } from './audit.js';
import { createAsset, createMarket, updateMarket } from './listing.js';
import { answerQuery } from './queries.js';
import { refuse } from './refuse.js';
import type { Reporter } from './reports.js';
import { State } from './state.js';
import type { DepthChange } from './traded-market.js';
import { cancelAll, cancelOrder, placeOrder } from './trading.js';
import { deposit, withdraw } from './transfers.js';

export interface BatchEffects {
  /** They are the state's own: encode them at once. */
  images: Images;
  /** 16 hexadecimal digits. */
  stateHash: string;
  depth: DepthChange[];
}

export interface Timing {
  /** When the command was taken: milliseconds since the epoch, never less than the command's before it. */
  time: number;
  /** A command that is taken later than this is refused. */
  deadline: number;
}

export class Exchange {
  readonly #state: State;
  #stateHash = '';

  /** @param emit hears every event, in order */
  constructor(emit: Emit) {
    this.#state = new State(emit);
    this.endBatch();
  }

  /** From now on this one hears of every report (reports.ts). */
  reportTo(reporter: Reporter): void {
    this.#state.reports.reporter = reporter;
  }

  /** Sequence of the last applied command. */
  get sequence(): number {
    return this.#state.exchange.sequence;
  }

  /** Time of the last applied command. */
  get time(): number {
    return this.#state.exchange.time;
  }

  /** After the last batch, 16 hexadecimal digits. */
  get stateHash(): string {
    return this.#stateHash;
  }

  /** Applies the next command in the sequence. What it answers may share objects with the state: encode it at once. */
  execute(command: Command, { time, deadline }: Timing): Answer {
    const state = this.#state;
    if (time < state.exchange.time) throw new Error(`time went back from ${state.exchange.time} to ${time}`);
    state.exchange.sequence++;
    state.exchange.time = time;
    state.exchange.tracking.touch();
    return time > deadline ? refuse(state, reject('EXPIRED_IN_QUEUE')) : apply(state, command);
  }

  query(query: Query): Answer {
    return answerQuery(this.#state, query);
  }

  /** Ends a batch: what it changed, and the hash of the whole state. */
  endBatch(): BatchEffects {
    const images = this.#state.endBatch();
    this.#stateHash = this.#state.stateHash.toString();
    return { images, stateHash: this.#stateHash, depth: this.#takeDepthChanges() };
  }

  #takeDepthChanges(): DepthChange[] {
    const { changedBooks } = this.#state;
    this.#state.changedBooks = [];
    return changedBooks.map(market => market.takeDepthChange());
  }

  /** Takes one entity of a checkpoint, the kinds in the order of KINDS; the batch ends when the last one is in. */
  load(image: Image): void {
    this.#state.load(image);
  }

  /** Throws where the state contradicts itself or a promise. Only between batches. */
  audit(): void {
    audit(this.#state, this.#stateHash);
  }
}

function apply(state: State, command: Command): Answer {
  switch (command.kind) {
    case 'PLACE_ORDER':
      return placeOrder(state, command.body);
    case 'CANCEL_ORDER':
      return cancelOrder(state, command.body);
    case 'CANCEL_ALL':
      return cancelAll(state, command.body);
    case 'DEPOSIT':
      return deposit(state, command.body);
    case 'WITHDRAW':
      return withdraw(state, command.body);
    case 'CREATE_ASSET':
      return createAsset(state, command.body);
    case 'CREATE_MARKET':
      return createMarket(state, command.body);
    case 'UPDATE_MARKET':
      return updateMarket(state, command.body);
  }
}
