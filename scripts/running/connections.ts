/** Connections to the stores of an exchange for a command that reads: it ends where a server does not answer. */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { createPool } from '../../shared/io/postgres.js';
import { connectOnce, redisAt } from '../../shared/io/redis.js';
import { Refusal } from './refusal.js';
import type { Stores } from './stores.js';

export interface Connections {
  readonly redis: Redis;
  readonly pool: pg.Pool;
  readonly close: () => Promise<void>;
}

const POSTGRES_CONNECTIONS = 2;
/** Postgres: no such table, and so no such schema. */
const UNDEFINED_TABLE = '42P01';

/** Refuses, saying which, where a server does not answer or has no exchange of this namespace. */
export async function connect({ redisUrl, databaseUrl, namespace }: Stores): Promise<Connections> {
  const redis = connectOnce(redisAt(redisUrl));
  let failure: Error | undefined;
  redis.on('error', error => {
    failure = error;
  });
  const pool = createPool(databaseUrl, namespace, POSTGRES_CONNECTIONS);
  const close = async () => {
    redis.disconnect();
    await pool.end();
  };
  try {
    await redis.connect().catch(error => refuse('Redis', failure ?? error));
    const { rowCount } = await pool.query('SELECT FROM watermark').catch(error => {
      if (error.code === UNDEFINED_TABLE) return { rowCount: 0 };
      return refuse('Postgres', error);
    });
    if (rowCount === 0) throw new Refusal(`Postgres has no exchange of the namespace ${namespace}.`);
    return { redis, pool, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The same for as long as it is used. */
export async function withConnections(
  stores: Stores,
  use: (connections: Connections) => Promise<void>,
): Promise<void> {
  const connections = await connect(stores);
  try {
    await use(connections);
  } finally {
    await connections.close();
  }
}

function refuse(server: string, error: Error): never {
  throw new Refusal(`${server} does not answer: ${error.message || (error as NodeJS.ErrnoException).code}`);
}
