/** A Redis and a Postgres of a bench's own, in a temporary folder that is gone at the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPrivatePostgres } from '../../scripts/running/private-postgres.js';
import { startPrivateRedis } from '../../scripts/running/private-redis.js';
import { endsWithUs } from './ending.js';

export interface Servers {
  /** Of the bench's own. */
  folder: string;
  redisUrl: string;
  databaseUrl: string;
}

export async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const starting = [
    startPrivateRedis(join(folder, 'redis'), join(folder, 'redis.log')),
    startPrivatePostgres(join(folder, 'postgres'), join(folder, 'postgres.log')),
  ] as const;
  endsWithUs(async () => {
    for (const server of await Promise.allSettled(starting))
      if (server.status === 'fulfilled') await server.value.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const [redis, postgres] = await Promise.all(starting);
  return { folder, redisUrl: redis.url, databaseUrl: postgres.url };
}
