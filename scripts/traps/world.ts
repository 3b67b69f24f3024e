/** A Redis of a trap's own behind a proxy that loses answers, and the keys of a new exchange for each round. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type AppliedBatch, noCommands } from '../../engine/batch.js';
import { CommandLog } from '../../engine/command-log.js';
import { type Keys, keysOf } from '../../shared/io/keys.js';
import { createLogger } from '../../shared/io/log.js';
import { connectOnce, redisAt } from '../../shared/io/redis.js';
import { TcpProxy } from '../../test/tcp-proxy.js';
import { startPrivateRedis } from '../running/private-redis.js';

const LEASE_MS = 60_000;

const log = createLogger('traps', 'silent');

export class TrapWorld {
  private constructor(
    /** Straight to the server. */
    readonly redis: Redis,
    readonly proxy: TcpProxy,
    readonly stop: () => Promise<void>,
  ) {}

  static async start(folder: string): Promise<TrapWorld> {
    const server = await startPrivateRedis(folder, join(folder, 'log'));
    const proxy = await TcpProxy.start(server.url);
    const redis = connectOnce(redisAt(server.url));
    await redis.connect();
    return new TrapWorld(redis, proxy, async () => {
      redis.disconnect();
      proxy.close();
      await server.stop();
    });
  }

  /** Lets an action have its effect, then cuts the connection before its answer comes. */
  async loseAnswer<T>(action: () => Promise<T>, hasHappened: () => Promise<boolean>): Promise<T> {
    this.proxy.mute(true);
    const outcome = action();
    outcome.catch(() => {});
    while (!(await hasHappened())) await sleep(1);
    this.proxy.cut();
    this.proxy.mute(false);
    return outcome;
  }

  /** The engine's own way to commit, as the leader of a new exchange, through the proxy. */
  async commandLog(exchange: string): Promise<{ commandLog: CommandLog; keys: Keys; head: string }> {
    const keys = keysOf(exchange);
    const commandLog = new CommandLog(redisAt(this.proxy.url), keys, log);
    for (;;) {
      const head = await commandLog.lead('engine', LEASE_MS).catch(() => null);
      if (head !== null) return { commandLog, keys, head };
      await sleep(1);
    }
  }

  async entries(key: string): Promise<string[]> {
    return this.redis.lrange(key, 0, -1);
  }

  /** What was journaled in the field `entry` by a naive way, oldest first. */
  async journaled(key: string): Promise<string[]> {
    return (await this.redis.xrange(key, '-', '+')).map(([, fields]) => fields[1]!);
  }
}

/** A batch of one command, as far as a commit looks at it. */
export function batchOfOne(sequence: number): AppliedBatch {
  const [nothing, none] = [Buffer.alloc(0), Buffer.from('[]')];
  const text = { logic: 1, head: '', end: 0, commands: nothing, events: none, images: none, stateHash: '' };
  return {
    taken: 1,
    executed: noCommands(),
    refused: noCommands(),
    journal: { ...text, first: sequence, last: sequence },
    reports: nothing,
    deadLetters: [],
    publications: { replies: new Map(), markets: [], listings: [] },
  };
}
