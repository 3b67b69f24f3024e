/**
 * Whether Redis and Postgres are set up to keep what the design promises (DESIGN.md, section 1).
 *
 * Guarantees: only reads; a server that does not let us look at a setting is reported as such, and one that does not
 * answer is an exception.
 */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Logger } from './log.js';

interface Requirement {
  readonly setting: string;
  readonly value: string;
  /** What is not promised otherwise. */
  readonly promise: string;
}

const LOST = 'that an acknowledged command is never lost';

const REDIS: readonly Requirement[] = [
  { setting: 'appendonly', value: 'yes', promise: LOST },
  { setting: 'appendfsync', value: 'always', promise: LOST },
  { setting: 'maxmemory-policy', value: 'noeviction', promise: `${LOST}, and that none is applied twice` },
];

const POSTGRES: readonly Requirement[] = [
  { setting: 'fsync', value: 'on', promise: `${LOST} when the machine of Postgres fails` },
  { setting: 'synchronous_commit', value: 'on', promise: `${LOST} when Postgres fails` },
];

/** Says loudly which promise is off. */
export async function checkRedisDurability(redis: Redis, log: Logger): Promise<void> {
  await check('Redis', REDIS, log, async setting => {
    const [, value] = (await redis.config('GET', setting)) as string[];
    return value;
  });
}

/** Says loudly which promise is off. */
export async function checkPostgresDurability(pool: pg.Pool, log: Logger): Promise<void> {
  await check('Postgres', POSTGRES, log, async setting => {
    const { rows } = await pool.query<{ value: string }>('SELECT current_setting($1) AS value', [setting]);
    return rows[0]?.value;
  });
}

async function check(
  server: string,
  requirements: readonly Requirement[],
  log: Logger,
  read: (setting: string) => Promise<string | undefined>,
): Promise<void> {
  for (const { setting, value, promise } of requirements) {
    const actual = await read(setting).catch(error => {
      if (isForbidden(error)) return undefined;
      throw error;
    });
    if (actual === value) continue;
    const found = actual === undefined ? 'cannot be looked at' : `is "${actual}"`;
    log.error(
      { server, setting, actual },
      `${server}: ${setting} ${found}; unless it is "${value}" nobody promises ${promise}`,
    );
  }
}

/** The server has answered, and would not say: managed ones rename or forbid CONFIG. */
function isForbidden(error: unknown): boolean {
  return error instanceof Error && /^(NOPERM|ERR unknown command)/.test(error.message);
}
