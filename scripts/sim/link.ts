/**
 * A connection between a process and a server: two directions, each in order, both slow.
 *
 * Guarantees: what is said arrives in order and once, or, once the connection is broken, not at all. Connections know
 * nothing of each other, so what is said on one may overtake what was said before on another.
 */
import type { Random } from '../random.js';
import type { Owner, Scheduler } from './scheduler.js';

/** What becomes of the next thing that is asked: it, or its answer, is lost with the connection, or nothing more comes. */
export type Doom = 'BEFORE_EFFECT' | 'AFTER_EFFECT' | 'SILENCE';

/** What a link may cost, in milliseconds. */
export interface Network {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Beyond the usual, of the connections of a process. */
  delayMs: (owner: Owner) => number;
}

export interface Ends {
  owner: Owner;
  /** The client notices that the connection is gone. */
  closed: () => void;
  /** The server does. */
  serverClosed: () => void;
}

const SHORTEST_MS = 0.05;
const SPREAD_US = 400;
/** Until somebody notices that a connection has broken. */
const NOTICE_SPREAD_US = 20_000;
/** Until the server notices that a client is gone of which it hears nothing, not even that. */
const VANISHED_MS = 30_000;

export class Link {
  doom: Doom | undefined;
  /** Whether what is said still arrives. */
  #carries = true;
  #silent = false;
  #asked = 0;
  #answered = 0;
  readonly #network: Network;
  readonly #ends: Ends;

  constructor(network: Network, ends: Ends) {
    this.#network = network;
    this.#ends = ends;
  }

  get owner(): Owner {
    return this.#ends.owner;
  }

  /** A connection over which nothing comes any more, and which nobody has noticed. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /** From the client. @param arrive runs at the server */
  ask(arrive: () => void): void {
    const { scheduler } = this.#network;
    this.#asked = Math.max(this.#asked, scheduler.now + this.#delay());
    scheduler.after(this.#asked - scheduler.now, undefined, () => {
      if (!this.#carries) return;
      if (this.doom === 'BEFORE_EFFECT') this.break();
      else arrive();
    });
  }

  /** From the server. @param arrive runs in the client's process */
  answer(arrive: () => void): void {
    const { scheduler } = this.#network;
    if (!this.#carries) return;
    if (this.doom === 'AFTER_EFFECT') this.break();
    if (this.doom === 'SILENCE') this.#fallSilent();
    if (!this.#carries || this.#silent) return;
    this.#answered = Math.max(this.#answered, scheduler.now + this.#delay());
    scheduler.after(this.#answered - scheduler.now, this.owner, () => {
      if (this.#carries) arrive();
    });
  }

  /** Both ends notice a moment later; what is on its way is lost. */
  break(): void {
    if (!this.#carries) return;
    this.#carries = false;
    this.#notice(this.owner, this.#ends.closed);
    if (!this.#silent) this.#notice(undefined, this.#ends.serverClosed);
  }

  /** The client is gone: what it has said arrives, then the server notices. */
  hangUp(): void {
    const { scheduler } = this.#network;
    if (this.#silent) {
      this.#carries = false;
      return;
    }
    const rest = Math.max(this.#asked - scheduler.now, 0);
    scheduler.after(rest + this.#delay(), undefined, () => {
      if (!this.#carries) return;
      this.#carries = false;
      this.#ends.serverClosed();
    });
  }

  #fallSilent(): void {
    if (this.#silent) return;
    this.#silent = true;
    this.#network.scheduler.after(VANISHED_MS, undefined, this.#ends.serverClosed);
  }

  #notice(owner: Owner | undefined, run: () => void): void {
    const { scheduler, random } = this.#network;
    scheduler.after(random.below(NOTICE_SPREAD_US) / 1000, owner, run);
  }

  #delay(): number {
    const { random, delayMs } = this.#network;
    return SHORTEST_MS + random.below(SPREAD_US) / 1000 + delayMs(this.owner);
  }
}
