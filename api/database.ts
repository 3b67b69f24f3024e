/**
 * The api's way to Postgres.
 *
 * Guarantees: every query ends within `QUERY_TIMEOUT_MS` and the pool's wait for a connection; a Postgres that is away,
 * stopping or too slow is the refusal HISTORY_UNAVAILABLE, while a fault in a statement stays an exception.
 */
import pg from 'pg';
import type { Logger } from '../shared/io/log.js';
import { ApiError } from './errors.js';

export type Row = Record<string, unknown>;

const QUERY_TIMEOUT_MS = 2000;
/** Classes of SQLSTATE that are the server's state: no connection, no resources, asked to stop. */
const UNAVAILABLE_CLASSES = ['08', '53', '57'];

export class Database {
  readonly #pool: pg.Pool;
  readonly #log: Logger;

  constructor(pool: pg.Pool, log: Logger) {
    this.#pool = pool;
    this.#log = log;
    // A connection that breaks while idle is replaced by the pool; without a listener it would end the process.
    pool.on('error', error => log.warn({ err: error }, 'lost an idle connection to Postgres'));
  }

  async query(text: string, values: readonly unknown[]): Promise<Row[]> {
    try {
      const result = await this.#pool.query<Row>({
        text,
        values: [...values],
        query_timeout: QUERY_TIMEOUT_MS,
      } as pg.QueryConfig);
      return result.rows;
    } catch (error) {
      if (error instanceof pg.DatabaseError && !UNAVAILABLE_CLASSES.includes(error.code?.slice(0, 2) ?? '')) {
        throw error;
      }
      this.#log.warn({ err: error }, 'Postgres did not answer');
      throw new ApiError(
        'HISTORY_UNAVAILABLE',
        'the database does not answer at the moment: try again later',
      );
    }
  }
}
