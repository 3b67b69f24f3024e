/** The floors of a recovery: the same rows and the same bytes, read and thrown away. */
import { finished } from 'node:stream/promises';
import { Redis } from 'ioredis';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Target } from '../../scripts/generating/store.js';
import { Journal } from '../../shared/io/journal.js';
import { keysOf } from '../../shared/io/keys.js';

/** What makes up the state, almost: of the other tables there are a few rows. */
const STATE = [
  'SELECT * FROM accounts',
  'SELECT * FROM balances',
  "SELECT * FROM orders WHERE status IN ('NEW', 'PARTIALLY_FILLED')",
];

/** Seconds to read the checkpoint's rows out of Postgres. */
export async function readRows(pool: pg.Pool): Promise<number> {
  const client = await pool.connect();
  const started = performance.now();
  for (const query of STATE) await finished(client.query(copyTo(`COPY (${query}) TO STDOUT`)).resume());
  client.release();
  return (performance.now() - started) / 1000;
}

/** Commands a second, of reading the journal's bytes after a sequence. */
export async function readJournal({ redisUrl, namespace }: Target, after: number): Promise<number> {
  const redis = new Redis(redisUrl);
  const started = performance.now();
  let last = after;
  for await (const batch of new Journal(redis, keysOf(namespace).journal).after(after)) last = batch.last;
  redis.disconnect();
  return (1000 * (last - after)) / (performance.now() - started);
}
