/** What the servers under a bench promise to keep: printed with every figure, since that is what it was paid for. */

import { createPool } from '../../shared/io/postgres.js';
import { connectPatiently, redisAt } from '../../shared/io/redis.js';

const REDIS_SETTINGS = ['appendonly', 'appendfsync', 'maxmemory-policy'];
const POSTGRES_SETTINGS = ['fsync', 'synchronous_commit', 'full_page_writes'];

export async function durabilityLines(servers: { redisUrl: string; databaseUrl: string }): Promise<string[]> {
  const redis = connectPatiently(redisAt(servers.redisUrl));
  const pool = createPool(servers.databaseUrl, 'public', 1);
  try {
    const redisValues = await Promise.all(
      REDIS_SETTINGS.map(async name => `${name} ${((await redis.config('GET', name)) as string[])[1]}`),
    );
    const postgresValues = await Promise.all(
      POSTGRES_SETTINGS.map(async name => `${name} ${(await pool.query(`SHOW ${name}`)).rows[0][name]}`),
    );
    return [`Redis     ${redisValues.join(', ')}`, `Postgres  ${postgresValues.join(', ')}`];
  } finally {
    redis.disconnect();
    await pool.end();
  }
}
