/** Whether Postgres keeps what it says it has committed: without that the first promise of DESIGN's list is off. */
import type pg from 'pg';
import type { Logger } from '../shared/io/log.js';
import { reach } from './outage.js';

export async function warnWhereNotDurable(pool: pg.Pool, log: Logger): Promise<void> {
  const { rows } = await reach(
    'Postgres',
    pool.query<{ name: string }>(
      `SELECT name FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit') AND setting = 'off'`,
    ),
  );
  for (const { name } of rows) {
    log.warn(
      `PROMISE OFF: "an acknowledged command is never lost" does not hold, since Postgres runs with ${name}=off: ` +
        'a power cut can lose what is stored there and no longer in the journal',
    );
  }
}
