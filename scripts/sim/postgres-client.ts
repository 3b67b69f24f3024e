/** What the product takes for a pool of pg, on simulated links: its queries, its transactions, and how it fails. */
import { Writable } from 'node:stream';
import type pg from 'pg';
import { SILENCE_LIMIT_MS } from '../../shared/io/postgres.js';
import type { Network } from './link.js';
import { Link } from './link.js';
import type { Answer, PostgresServer } from './postgres-server.js';
import type { Result, Statement } from './postgres-statements.js';
import type { Owner } from './scheduler.js';

export interface PostgresWorld {
  readonly network: Network;
  readonly postgres: PostgresServer;
  readonly links: Map<Owner, Set<Link>>;
}

interface Config {
  text: string;
  values?: readonly unknown[];
  query_timeout?: number;
}

/** Of pg-copy-streams. */
interface Copy {
  text: string;
  submit: unknown;
}

const CONNECT_MS = 1;
/** A COPY comes in pieces, cut anywhere. */
const PIECE_BYTES = 1500;

export function simulatedPool(world: PostgresWorld, owner: Owner, maxConnections: number): pg.Pool {
  return new SimulatedPool(world, owner, maxConnections) as unknown as pg.Pool;
}

class SimulatedPool {
  readonly #world: PostgresWorld;
  readonly #owner: Owner;
  readonly #most: number;
  readonly #idle: SimulatedClient[] = [];
  #open = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(world: PostgresWorld, owner: Owner, most: number) {
    this.#world = world;
    this.#owner = owner;
    this.#most = most;
  }

  async connect(): Promise<SimulatedClient> {
    while (this.#idle.length === 0 && this.#open >= this.#most)
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    const idle = this.#idle.pop();
    if (idle !== undefined && !idle.isBroken) return idle;
    if (idle !== undefined) this.#open--;
    this.#open++;
    try {
      return await SimulatedClient.connect(this.#world, this.#owner, (client, destroy) =>
        this.#release(client, destroy),
      );
    } catch (error) {
      this.#open--;
      this.#waiting.shift()?.();
      throw error;
    }
  }

  async query(text: string | Config, values?: readonly unknown[]): Promise<Result> {
    const client = await this.connect();
    try {
      const result = await client.query(typeof text === 'string' ? { text, values: values ?? [] } : text);
      client.release();
      return result as Result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async end(): Promise<void> {
    for (const client of this.#idle.splice(0)) client.destroy();
  }

  #release(client: SimulatedClient, destroy: boolean): void {
    if (destroy || client.isBroken) {
      client.destroy();
      this.#open--;
    } else this.#idle.push(client);
    this.#waiting.shift()?.();
  }
}

class SimulatedClient {
  isBroken = false;
  readonly #world: PostgresWorld;
  readonly #link: Link;
  readonly #onRelease: (client: SimulatedClient, destroy: boolean) => void;
  readonly #pending = new Set<(error: Error) => void>();
  #silence: NodeJS.Timeout | undefined;
  /** When something was heard last, or something was asked while nothing was to come. */
  #heardAt = 0;

  private constructor(
    world: PostgresWorld,
    owner: Owner,
    onRelease: (client: SimulatedClient, destroy: boolean) => void,
  ) {
    this.#world = world;
    this.#onRelease = onRelease;
    const link: Link = new Link(world.network, {
      owner,
      closed: () => this.#broken(),
      serverClosed: () => world.postgres.closed(link),
    });
    this.#link = link;
    const links = world.links.get(owner) ?? new Set();
    world.links.set(owner, links.add(link));
    world.postgres.accept(link);
  }

  static connect(
    world: PostgresWorld,
    owner: Owner,
    onRelease: (client: SimulatedClient, destroy: boolean) => void,
  ): Promise<SimulatedClient> {
    return new Promise((resolve, reject) => {
      world.network.scheduler.after(CONNECT_MS + world.network.delayMs(owner), owner, () => {
        if (world.postgres.isUp) resolve(new SimulatedClient(world, owner, onRelease));
        else reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      });
    });
  }

  query(query: string | Config | Copy, values: readonly unknown[] = []): unknown {
    if (typeof query === 'string') return this.#ask({ text: query, values: values.map(textOf) });
    if (!('submit' in query)) return this.#askWithin(query);
    return query.text.startsWith('COPY (') ? this.#copyOut(query.text) : this.#copyIn(query.text);
  }

  release(destroy = false): void {
    this.#onRelease(this, destroy);
  }

  destroy(): void {
    this.#world.links.get(this.#link.owner)?.delete(this.#link);
    this.#link.hangUp();
    this.#broken();
  }

  #askWithin({ text, values = [], query_timeout }: Config): Promise<Answer> {
    const answer = this.#ask({ text, values: values.map(textOf) });
    if (query_timeout === undefined) return answer;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('Query read timeout')), query_timeout);
      answer.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  async *#copyOut(text: string): AsyncGenerator<Buffer> {
    const { copied } = (await this.#ask({ text, values: [] })) as { copied: string };
    const bytes = Buffer.from(copied);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
  }

  #copyIn(text: string): Writable {
    const pieces: string[] = [];
    return new Writable({
      decodeStrings: false,
      write: (piece, _encoding, done) => {
        pieces.push(String(piece));
        done();
      },
      final: done => {
        this.#ask({ text, values: [], data: pieces.join('') }).then(() => done(), done);
      },
    });
  }

  #ask(statement: Statement): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.isBroken)
        return reject(new Error('Client has encountered a connection error and is not queryable'));
      if (this.#pending.size === 0) this.#heardAt = performance.now();
      this.#pending.add(reject);
      this.#watchSilence();
      this.#link.ask(() =>
        this.#world.postgres.receive(this.#link, statement, answer =>
          this.#link.answer(() => {
            this.#pending.delete(reject);
            this.#heardAt = performance.now();
            if ('error' in answer) reject(answer.error);
            else resolve(answer);
          }),
        ),
      );
    });
  }

  /** A connection on which nothing is heard while something is to come is given up. */
  #watchSilence(afterMs = SILENCE_LIMIT_MS): void {
    this.#silence ??= setTimeout(() => {
      this.#silence = undefined;
      if (this.#pending.size === 0) return;
      const leftMs = this.#heardAt + SILENCE_LIMIT_MS - performance.now();
      if (leftMs > 0) this.#watchSilence(leftMs);
      else this.#link.break();
    }, afterMs);
  }

  #broken(): void {
    this.isBroken = true;
    clearTimeout(this.#silence);
    for (const reject of this.#pending) reject(new Error('Connection terminated unexpectedly'));
    this.#pending.clear();
  }
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
