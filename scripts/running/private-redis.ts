/**
 * A Redis of our own.
 *
 * Guarantees: what it has acknowledged is on disk (every write is flushed to the append-only file before its answer), it
 * never evicts, and nobody beyond this machine reaches it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { freePort } from './ports.js';
import { type PrivateServer, type ServerProgram, startServer } from './private-server.js';
import { Refusal } from './refusal.js';

/** dist/bin/redis-server, which the set-up links to what it found or installed. */
export const REDIS_SERVER = fileURLToPath(new URL('../../bin/redis-server', import.meta.url));

/** Data in `folder`, output appended to `logFile`. */
export async function startPrivateRedis(folder: string, logFile: string): Promise<PrivateServer> {
  return startServer(await privateRedis(folder, logFile));
}

export async function privateRedis(folder: string, logFile: string): Promise<ServerProgram> {
  if (!existsSync(REDIS_SERVER)) {
    throw new Refusal('There is no Redis binary in dist/bin: run `npm run build` without REDIS_URL.');
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  return {
    program: {
      name: 'redis',
      command: [REDIS_SERVER, ...settings(folder, port)],
      workingFolder: folder,
      env: process.env,
      logFile,
      stopSignal: 'SIGTERM',
    },
    url,
    probe: () => ping(url),
  };
}

function settings(folder: string, port: number): string[] {
  return Object.entries({
    port: `${port}`,
    bind: '127.0.0.1',
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'always',
    'maxmemory-policy': 'noeviction',
    // A rewrite costs the orders of its moment several milliseconds.
    'auto-aof-rewrite-min-size': '1gb',
    // No snapshots: the append-only file is all.
    save: '',
  }).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Rejects also while it loads its file. */
async function ping(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
