/** The two kinds of connection to Redis: one that must never send a command twice, and one that may. */
import { Redis } from 'ioredis';
import toFastProperties from 'to-fast-properties';
import type { Logger } from './log.js';

/**
 * ioredis derives a class from String, and V8 then keeps what all strings inherit in a dictionary: compiled code looked
 * `charCodeAt` and its likes up at each call, 16 ns a character instead of 3, in every process that has loaded ioredis.
 */
toFastProperties(String.prototype);

/** How a connection behaves while there is none. */
export interface ConnectionOptions {
  retryStrategy: () => number;
  connectTimeout: number;
  lazyConnect: boolean;
  maxRetriesPerRequest: number | null;
  /** Given up where nothing is heard for so long while an answer is to come. */
  socketTimeout: number;
  autoResendUnfulfilledCommands?: boolean;
  enableOfflineQueue?: boolean;
  autoResubscribe?: boolean;
}

/** Makes connections to one server. */
export type RedisServer = (options: ConnectionOptions) => Redis;

const RECONNECT_DELAY_MS = 100;
const CONNECT_TIMEOUT_MS = 2000;
/** Longer than any answer takes, also to a read that waits for something to come. */
const SILENCE_LIMIT_MS = 5000;

const reconnecting = {
  retryStrategy: () => RECONNECT_DELAY_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  lazyConnect: true,
  socketTimeout: SILENCE_LIMIT_MS,
};

export function redisAt(url: string): RedisServer {
  return options => new Redis(url, options);
}

/**
 * For pushes and commits (D2): a command is written at most once. While there is no connection a command fails at
 * once; a command whose answer is lost with its connection fails with an unknown outcome.
 */
export function connectOnce(server: RedisServer): Redis {
  return server({
    ...reconnecting,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  });
}

/**
 * For reads, subscriptions and blocking waits: commands wait for the connection and are sent again after a loss, also
 * where it stays and says nothing. Who subscribes does so at each `ready`: the library's own way ends the process when
 * it is disconnected meanwhile.
 */
export function connectPatiently(server: RedisServer): Redis {
  return server({
    ...reconnecting,
    maxRetriesPerRequest: null,
    autoResubscribe: false,
  });
}

/** A patient connection waits by itself and fails no command, so its outages are told here, once each. */
export function tellOutages(redis: Redis, log: Logger): void {
  let away = false;
  redis.on('error', error => {
    if (!away) log.warn({ err: error }, 'waiting for Redis');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info('Redis is back');
    away = false;
  });
}
