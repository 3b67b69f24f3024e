/**
 * One look at all tables of an exchange: whatever is read until the transaction's end stands at one watermark.
 *
 * A snapshot is of the rows, not of the tables: beside a migration that makes a table anew, the new one would seem empty.
 * So whoever looks waits for it first, and then holds it up.
 */
import type pg from 'pg';

export async function beginSnapshot(client: pg.PoolClient): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  // The lock alone takes no snapshot yet.
  await client.query('LOCK TABLE orders IN ACCESS SHARE MODE');
}
