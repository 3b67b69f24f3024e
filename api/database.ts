/**
 * The api's way to Postgres.
 *
 * Guarantees: every query ends within `QUERY_TIMEOUT_MS` and the pool's wait for a connection; a Postgres that is away,
 * stopping or too slow is the refusal HISTORY_UNAVAILABLE, while a fault in a statement stays an exception.
 */
import type { Logger } from '../shared/io/log.js';
import { isPostgresOutage } from '../shared/io/outage.js';
import type { createPool } from '../shared/io/postgres.js';
import { ApiError } from './errors.js';

export type Row = Record<string, unknown>;
type Pool = ReturnType<typeof createPool>;

const QUERY_TIMEOUT_MS = 2000;

export class Database {
  readonly #pool: Pool;
  readonly #log: Logger;

  constructor(pool: Pool, log: Logger) {
    this.#pool = pool;
    this.#log = log;
  }

  async query(text: string, values: readonly unknown[]): Promise<Row[]> {
    try {
      const query = { text, values: [...values], query_timeout: QUERY_TIMEOUT_MS };
      const { rows } = await this.#pool.query<Row>(query);
      return rows;
    } catch (error) {
      if (!isPostgresOutage(error)) throw error;
      this.#log.warn({ err: error }, 'Postgres did not answer');
      throw new ApiError(
        'HISTORY_UNAVAILABLE',
        'the database does not answer at the moment: try again later',
      );
    }
  }
}
