/**
 * A simulated Redis server: one loop, an append-only file that is flushed after each turn of it, and subscribers.
 *
 * As the real one it answers only what is on disk, or is kept out of it by a script, while a message may reach its
 * subscriber before that; what was not flushed is lost when it ends, or is not; a script that fails keeps its earlier
 * writes; after a start it knows no script.
 */
import type { Random } from '../random.js';
import type { Link } from './link.js';
import { ReplyError, type Value } from './lua.js';
import { entryValue, RedisData, type Write } from './redis-data.js';
import type { Scheduler } from './scheduler.js';
import { WALL_ORIGIN_MS } from './virtual-time.js';

export interface Request {
  readonly name: string;
  readonly args: readonly string[];
  readonly answer: (value: Value | ReplyError) => void;
}

/** What a client hears without asking. */
export type Listener = (channel: string, message: string) => void;

interface Client {
  readonly link: Link;
  readonly listener: Listener;
  readonly channels: Set<string>;
  /** A wait, and what was asked after it. */
  blocked: { request: Request; rest: Request[] } | undefined;
}

/** Sees what nobody else can. */
export interface Witness {
  /** What has been flushed, for good. */
  durable(writes: readonly Write[]): void;
  /** What is not to be flushed. */
  unlogged(writes: readonly Write[]): void;
  /** Whatever was not flushed may be gone. */
  crashed(): void;
}

const FLUSH_SPREAD_US = 600;
const SETTINGS = new Map([
  ['appendonly', 'yes'],
  ['appendfsync', 'always'],
  ['maxmemory-policy', 'noeviction'],
]);

export class RedisServer {
  isUp = true;
  /** How far its wall clock is ahead of the world's, in milliseconds. */
  clockOffsetMs = 0;
  data: RedisData;
  /** Happens once, as soon as something was written that is not flushed yet. */
  onUnflushed: (() => void) | undefined;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #witness: Witness;
  readonly #clients = new Map<Link, Client>();
  readonly #file: Write[] = [];
  /** The writes of each command since the last flush. */
  #unflushed: Write[][] = [];
  #inbox: [Client, Request][] = [];
  /** Answers and messages, which leave when the turn is flushed. */
  #outputs: [Client, () => void][] = [];
  #isBusy = false;
  /** Of its process. */
  #life = 0;

  constructor(scheduler: Scheduler, random: Random, witness: Witness) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#witness = witness;
    this.data = this.#emptyData();
  }

  set isFull(isFull: boolean) {
    this.data.isFull = isFull;
  }

  accept(link: Link, listener: Listener): void {
    this.#clients.set(link, { link, listener, channels: new Set(), blocked: undefined });
  }

  closed(link: Link): void {
    this.#clients.delete(link);
  }

  receive(link: Link, request: Request): void {
    const client = this.#clients.get(link);
    if (client === undefined) return;
    if (client.blocked !== undefined) client.blocked.rest.push(request);
    else this.#enqueue(client, request);
  }

  /** As `kill -9`, or a loss of power: of what was not flushed, any first part may be on disk. */
  crash(): void {
    this.isUp = false;
    this.#life++;
    this.#isBusy = false;
    this.#inbox = [];
    this.#outputs = [];
    this.#flush(this.#random.below(this.#unflushed.length + 1));
    this.#unflushed = [];
    this.#witness.crashed();
    for (const { link } of this.#clients.values()) link.break();
    this.#clients.clear();
  }

  start(): void {
    const { isFull } = this.data;
    this.data = this.#emptyData();
    this.data.redo(this.#file);
    this.data.isFull = isFull;
    this.isUp = true;
  }

  #emptyData(): RedisData {
    return new RedisData({
      now: () => WALL_ORIGIN_MS + Math.floor(this.#scheduler.now) + this.clockOffsetMs,
      publish: (channel, message) => this.#publish(channel, message),
      config: SETTINGS,
    });
  }

  #enqueue(client: Client, request: Request): void {
    this.#inbox.push([client, request]);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#later(0, () => this.#turn());
  }

  #later(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.#scheduler.after(delayMs, undefined, () => {
      if (life === this.#life) run();
    });
  }

  /** Executes all that has come, then flushes what it wrote, then lets the answers go. */
  #turn(): void {
    const requests = this.#inbox;
    this.#inbox = [];
    for (const [client, request] of requests) this.#execute(client, request);
    const flushMs = this.#unflushed.length === 0 ? 0 : (50 + this.#random.below(FLUSH_SPREAD_US)) / 1000;
    if (flushMs === 0) {
      this.#endTurn();
      return;
    }
    const { onUnflushed } = this;
    this.onUnflushed = undefined;
    if (onUnflushed !== undefined) this.#later(flushMs / 2, onUnflushed);
    this.#later(flushMs, () => this.#endTurn());
  }

  #endTurn(): void {
    this.#flush(this.#unflushed.length);
    const outputs = this.#outputs;
    this.#outputs = [];
    for (const [{ link }, arrive] of outputs) link.answer(arrive);
    this.#isBusy = false;
    if (this.#inbox.length === 0) return;
    this.#isBusy = true;
    this.#turn();
  }

  /** @param count of the commands that have written; each is in the file whole or not at all */
  #flush(count: number): void {
    for (const writes of this.#unflushed.splice(0, count)) {
      this.#file.push(...writes);
      this.#witness.durable(writes);
    }
  }

  #execute(client: Client, request: Request): void {
    if (client.blocked !== undefined) client.blocked.rest.push(request);
    else if (request.name === 'XREAD') this.#read(client, request);
    else if (request.name === 'SUBSCRIBE') this.#subscribe(client, request);
    else {
      const before = this.#unflushed.length;
      this.#answer(client, request, this.#resultOf(request));
      if (this.#unflushed.length > before) this.#serveBlocked();
    }
  }

  #resultOf({ name, args }: Request): Value | ReplyError {
    try {
      return this.data.execute(name, args);
    } catch (error) {
      if (error instanceof ReplyError) return error;
      throw error;
    } finally {
      const { logged, unlogged } = this.data.takeWrites();
      if (logged.length > 0) this.#unflushed.push(logged);
      if (unlogged.length > 0) this.#witness.unlogged(unlogged);
    }
  }

  #answer(client: Client, { answer }: Request, value: Value | ReplyError): void {
    this.#outputs.push([client, () => answer(value)]);
  }

  #subscribe(client: Client, request: Request): void {
    for (const name of request.args) client.channels.add(name);
    this.#answer(client, request, client.channels.size);
  }

  #publish(channel: string, message: string): number {
    let heard = 0;
    for (const client of this.#clients.values()) {
      if (!client.channels.has(channel)) continue;
      heard++;
      this.#tell(client, () => client.listener(channel, message));
    }
    return heard;
  }

  /** A client to which other things are still being written is served at once, before the flush. */
  #tell(client: Client, arrive: () => void): void {
    const isWaiting = this.#outputs.some(([other]) => other === client);
    if (!isWaiting && this.#random.oneIn(3)) client.link.answer(arrive);
    else this.#outputs.push([client, arrive]);
  }

  #read(client: Client, request: Request): void {
    const { key, id, count, blockMs } = readArguments(request.args);
    const entries = this.data.entriesAfter(key, id, count);
    if (entries.length > 0 || blockMs === undefined) {
      this.#answer(client, request, entries.length > 0 ? [[key, entries.map(entryValue)]] : null);
      return;
    }
    const wait = { request, rest: [] };
    client.blocked = wait;
    this.#later(blockMs, () => {
      if (client.blocked === wait) this.#unblock(client, null);
    });
  }

  #serveBlocked(): void {
    for (const client of this.#clients.values()) {
      if (client.blocked === undefined) continue;
      const { key, id, count } = readArguments(client.blocked.request.args);
      const entries = this.data.entriesAfter(key, id, count);
      if (entries.length > 0) this.#unblock(client, [[key, entries.map(entryValue)]]);
    }
  }

  #unblock(client: Client, value: Value): void {
    const { request, rest } = client.blocked!;
    client.blocked = undefined;
    if (value === null) client.link.answer(() => request.answer(null));
    else this.#answer(client, request, value);
    for (const next of rest) this.#enqueue(client, next);
  }
}

/** `COUNT n [BLOCK ms] STREAMS key id`. */
function readArguments(args: readonly string[]) {
  const after = (name: string) => args[args.indexOf(name) + 1]!;
  const [key, id] = args.slice(args.indexOf('STREAMS') + 1) as [string, string];
  const blockMs = args.includes('BLOCK') ? Number(after('BLOCK')) : undefined;
  return { key, id, count: Number(after('COUNT')), blockMs };
}
