/** A Redis and a Postgres of a bench's own, in a temporary folder that is gone at the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPrivatePostgres } from '../../scripts/running/private-postgres.js';
import { startPrivateRedis } from '../../scripts/running/private-redis.js';

export interface Servers {
  /** Of the bench's own. */
  folder: string;
  redisUrl: string;
  databaseUrl: string;
  stop: () => Promise<void>;
}

export async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const redis = await startPrivateRedis(join(folder, 'redis'), join(folder, 'redis.log'));
  const postgres = await startPrivatePostgres(join(folder, 'postgres'), join(folder, 'postgres.log'));
  const stop = async () => {
    await Promise.all([redis.stop(), postgres.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, redisUrl: redis.url, databaseUrl: postgres.url, stop };
}
