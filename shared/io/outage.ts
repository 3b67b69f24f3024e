/** Which failures of Postgres are the server's state, which passes by waiting, and which are a fault of the program. */
import pg from 'pg';

/** SQLSTATE classes that no waiting changes: malformed data, a broken constraint, tables or SQL that do not fit. */
const FAULT_CLASSES = ['22', '23', '42'];

/** Whether a query failed because Postgres is away, full, restarting or too slow. */
export function isPostgresOutage(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return false;
  return !(error instanceof pg.DatabaseError && FAULT_CLASSES.includes(error.code?.slice(0, 2) ?? ''));
}
