/**
 * What the product takes for a connection of ioredis, on a simulated link: its queues, its states, and what it says of a
 * command that it did not write, or whose answer was lost (test/sim-redis.test.ts runs the same against both).
 */
import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import type { RedisServer as Connect, ConnectionOptions } from '../../shared/io/redis.js';
import { Link, type Network } from './link.js';
import { ReplyError, shaOf, type Value } from './lua.js';
import type { RedisServer } from './redis-server.js';
import type { Owner } from './scheduler.js';

type Argument = string | number | Buffer;
type Reply = string | number | Buffer | null | Reply[];

interface Command {
  readonly name: string;
  readonly args: readonly string[];
  readonly isBuffer: boolean;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

const CLOSED = 'Connection is closed.';
/** How long a connection may take to be closed in order. */
const DISCONNECT_TIMEOUT_MS = 2000;
const CONNECT_MS = 0.3;

export interface RedisWorld {
  readonly network: Network;
  readonly redis: RedisServer;
  /** Of each process, as long as they are open. */
  readonly links: Map<Owner, Set<Link>>;
}

/** Connections of a process. */
export function simulatedRedis(world: RedisWorld, owner: Owner): Connect {
  return options => new SimulatedRedis(world, owner, options) as unknown as Redis;
}

export class SimulatedRedis extends EventEmitter {
  status = 'wait';
  readonly #world: RedisWorld;
  readonly #owner: Owner;
  readonly #options: ConnectionOptions;
  #link: Link | undefined;
  /** Written, not answered. */
  #written: Command[] = [];
  /** Waiting for a connection. */
  #offline: Command[] = [];
  #isClosing = false;
  #retries = 0;
  #reconnect: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;

  constructor(world: RedisWorld, owner: Owner, options: ConnectionOptions) {
    super();
    this.#world = world;
    this.#owner = owner;
    this.#options = options;
  }

  connect(): Promise<void> {
    this.status = 'connecting';
    this.#isClosing = false;
    const { scheduler } = this.#world.network;
    return new Promise((resolve, reject) => {
      scheduler.after(CONNECT_MS + this.#world.network.delayMs(this.#owner), this.#owner, () => {
        if (this.status !== 'connecting') return reject(new Error(CLOSED));
        if (this.#isClosing || !this.#world.redis.isUp) {
          if (!this.#isClosing) this.#tellError(new Error('connect ECONNREFUSED'));
          this.#onClosed();
          return reject(new Error(CLOSED));
        }
        this.#open();
        resolve();
      });
    });
  }

  disconnect(reconnect = false): void {
    if (!reconnect) {
      this.#isClosing = true;
      clearTimeout(this.#reconnect);
    }
    if (this.status === 'wait' || this.status === 'reconnecting') {
      if (!reconnect) this.#onClosed();
      return;
    }
    const link = this.#link;
    if (link === undefined) return;
    const { scheduler } = this.#world.network;
    this.status = 'disconnecting';
    const patienceMs = link.isSilent ? DISCONNECT_TIMEOUT_MS : CONNECT_MS;
    scheduler.after(patienceMs, this.#owner, () => {
      if (this.#link !== link) return;
      link.hangUp();
      this.#onClosed();
    });
  }

  defineCommand(name: string, { numberOfKeys, lua }: { numberOfKeys: number; lua: string }): void {
    const sha = shaOf(lua);
    const run = (...args: Argument[]) => this.#runScript(sha, lua, [numberOfKeys, ...args]);
    Object.assign(this, { [name]: run });
  }

  pipeline() {
    const commands: (() => Promise<Reply>)[] = [];
    const pipeline = {
      publish: (channel: string, message: Argument) => {
        commands.push(() => this.call('PUBLISH', channel, message));
        return pipeline;
      },
      exec: () => Promise.all(commands.map(run => run().then(ok, failed))),
    };
    return pipeline;
  }

  async hgetall(key: string): Promise<Record<string, Reply>> {
    const reply = (await this.call('HGETALL', key)) as Reply[];
    const fields = reply.filter((_, index) => index % 2 === 0) as string[];
    return Object.fromEntries(fields.map((field, index) => [field, reply[2 * index + 1]!]));
  }

  call(name: string, ...args: Argument[]): Promise<Reply> {
    return this.#send(name, args);
  }

  callBuffer(name: string, ...args: Argument[]): Promise<Reply> {
    return this.#send(name, args, true);
  }

  async #runScript(sha: string, lua: string, args: Argument[]): Promise<Reply> {
    try {
      return await this.call('EVALSHA', sha, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return this.call('EVAL', lua, ...args);
    }
  }

  #send(name: string, args: readonly Argument[], isBuffer = false): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const command = { name, args: args.map(bytesOf), isBuffer, resolve, reject };
      if (this.status === 'wait') this.connect().catch(() => {});
      if (this.status === 'end') reject(new Error(CLOSED));
      else if (this.status === 'ready') this.#write(command);
      else if (this.#options.enableOfflineQueue === false)
        reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"));
      else this.#offline.push(command);
    });
  }

  #write(command: Command): void {
    const link = this.#link!;
    this.#written.push(command);
    if (this.#silence === undefined) this.#watchSilence(link);
    link.ask(() => {
      this.#world.redis.receive(link, {
        name: command.name,
        args: command.args,
        answer: value => this.#settle(command, value),
      });
    });
  }

  /** A connection on which nothing is heard while something is to come is given up. */
  #watchSilence(link: Link): void {
    const { socketTimeout } = this.#options;
    if (socketTimeout !== undefined) this.#silence = setTimeout(() => link.break(), socketTimeout);
  }

  /** Answers come in the order of their commands. */
  #settle(command: Command, value: Value | ReplyError): void {
    if (this.#written[0] !== command) return;
    this.#written.shift();
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (this.#written.length > 0) this.#watchSilence(this.#link!);
    if (value instanceof ReplyError) command.reject(value);
    else command.resolve(replyOf(value, command.isBuffer));
  }

  #open(): void {
    const link = new Link(this.#world.network, {
      owner: this.#owner,
      closed: () => {
        if (this.#link === link) this.#onClosed();
      },
      serverClosed: () => this.#world.redis.closed(link),
    });
    this.#link = link;
    this.#linksOfOwner().add(link);
    this.#world.redis.accept(link, (channel, message) => this.#tell(channel, message));
    this.status = 'ready';
    this.#retries = 0;
    const again = this.#written.splice(0);
    if (this.#options.autoResendUnfulfilledCommands !== false)
      for (const command of again) this.#write(command);
    for (const command of this.#offline.splice(0)) this.#write(command);
    this.emit('ready');
  }

  #tell(channel: string, message: string): void {
    this.emit('message', textOf(channel), textOf(message));
  }

  #linksOfOwner(): Set<Link> {
    const links = this.#world.links.get(this.#owner) ?? new Set();
    this.#world.links.set(this.#owner, links);
    return links;
  }

  #onClosed(): void {
    if (this.#link !== undefined) this.#linksOfOwner().delete(this.#link);
    this.#link = undefined;
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (this.#isClosing) {
      this.status = 'end';
      this.#rejectAll(new Error(CLOSED));
    } else {
      this.status = 'reconnecting';
      this.#reconnect = setTimeout(() => void this.connect().catch(() => {}), this.#options.retryStrategy());
      const most = this.#options.maxRetriesPerRequest;
      if (most !== null && ++this.#retries % (most + 1) === 0) {
        const error = new Error(
          `Reached the max retries per request limit (which is ${most}). Refer to "maxRetriesPerRequest" option for details.`,
        );
        error.name = 'MaxRetriesPerRequestError';
        this.#rejectAll(error);
      }
    }
    this.emit('close');
  }

  #rejectAll(error: Error): void {
    for (const { reject } of [...this.#offline.splice(0), ...this.#written.splice(0)]) reject(error);
  }

  #tellError(error: Error): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }
}

/** One method a command, as ioredis has them. */
const COMMANDS =
  'ping time config get set del llen lrange ltrim rpush hget hset hdel xadd xrange xrevrange xtrim xinfo xread publish subscribe';
for (const name of COMMANDS.split(' ')) {
  Object.assign(SimulatedRedis.prototype, {
    [name](this: SimulatedRedis, ...args: Argument[]) {
      return this.call(name.toUpperCase(), ...args);
    },
    [`${name}Buffer`](this: SimulatedRedis, ...args: Argument[]) {
      return this.callBuffer(name.toUpperCase(), ...args);
    },
  });
}

function ok(reply: Reply): [null, Reply] {
  return [null, reply];
}

function failed(error: Error): [Error, null] {
  return [error, null];
}

const NOT_ASCII = /[^\0-\x7f]/;

function bytesOf(argument: Argument): string {
  if (typeof argument === 'number') return String(argument);
  if (typeof argument !== 'string') return argument.toString('latin1');
  return NOT_ASCII.test(argument) ? Buffer.from(argument).toString('latin1') : argument;
}

function textOf(bytes: string): string {
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

function replyOf(value: Value, isBuffer: boolean): Reply {
  if (Array.isArray(value)) return value.map(item => replyOf(item, isBuffer));
  if (value === null || typeof value === 'number') return value;
  if (typeof value !== 'string') return value.ok;
  return isBuffer ? Buffer.from(value, 'latin1') : textOf(value);
}
