/**
 * The floor of the writer: the rows that it writes for a journal, in as many transactions, by COPY into tables without an
 * index. The rows are text before the clock runs.
 */
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { Redis } from 'ioredis';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { COPY_LEDGER, COPY_TRADES, copyText } from '../../db-writer/bulk.js';
import { type Changes, fold, type Row } from '../../db-writer/fold.js';
import { JournalReader } from '../../db-writer/journal-reader.js';
import type { Target } from '../../scripts/generating/store.js';
import { ENTITY_KINDS, KINDS } from '../../shared/domain/entities.js';
import type { Fields } from '../../shared/domain/fields.js';
import { keysOf } from '../../shared/io/keys.js';
import { createPool } from '../../shared/io/postgres.js';
import { columnsOf } from '../../shared/io/tables.js';

export interface Copied {
  rows: number;
  seconds: number;
}

interface Copy {
  statement: string;
  text: string;
  rows: number;
}

const SCHEMA = 'floor';

/** Of the journal between two sequences. */
export async function copyRows(target: Target, span: { after: number; end: number }): Promise<Copied> {
  const transactions = await transactionsOf(target, span);
  const pool = createPool(target.databaseUrl, SCHEMA, 1);
  await makeTables(pool, target.namespace);
  const client = await pool.connect();
  const started = performance.now();
  for (const copies of transactions) await run(client, copies);
  const seconds = (performance.now() - started) / 1000;
  client.release();
  await pool.query(`DROP SCHEMA ${SCHEMA} CASCADE`);
  await pool.end();
  return { rows: transactions.flat().reduce((sum, { rows }) => sum + rows, 0), seconds };
}

async function transactionsOf(
  { redisUrl, namespace }: Target,
  span: { after: number; end: number },
): Promise<Copy[][]> {
  const redis = new Redis(redisUrl);
  const reader = new JournalReader(redis, keysOf(namespace).journal, 0, new AbortController().signal);
  const transactions: Copy[][] = [];
  for (let last = span.after; last < span.end; ) {
    const changes = fold((await reader.after(last)).batches);
    transactions.push(copiesOf(changes));
    last = changes.sequence;
  }
  redis.disconnect();
  return transactions;
}

function copiesOf({ images, trades, ledger, candles }: Changes): Copy[] {
  const ofKinds = ENTITY_KINDS.map(kind => {
    const { table, fields } = KINDS[kind];
    const columns = columnsOf(fields as Fields<unknown>).map(({ name }) => name);
    return copyOf(`COPY ${table} (${columns.join(', ')}) FROM STDIN`, images.get(kind) ?? []);
  });
  const others = [
    copyOf(COPY_TRADES, trades),
    copyOf(COPY_LEDGER, ledger),
    copyOf('COPY klines FROM STDIN', candles),
  ];
  return [...ofKinds, ...others].filter(({ rows }) => rows > 0);
}

function copyOf(statement: string, rows: readonly Row[]): Copy {
  return { statement, text: [...copyText(rows)].join(''), rows: rows.length };
}

async function makeTables(pool: pg.Pool, namespace: string): Promise<void> {
  await pool.query(`CREATE SCHEMA ${SCHEMA}`);
  const tables = [...ENTITY_KINDS.map(kind => KINDS[kind].table), 'trades', 'ledger', 'klines'];
  for (const table of tables)
    await pool.query(`CREATE TABLE ${SCHEMA}.${table} (LIKE ${namespace}.${table})`);
}

async function run(client: pg.PoolClient, copies: readonly Copy[]): Promise<void> {
  await client.query('BEGIN');
  for (const { statement, text } of copies) {
    const stream = client.query(copyFrom(statement));
    if (!stream.write(text)) await once(stream, 'drain');
    stream.end();
    await finished(stream);
  }
  await client.query('COMMIT');
}
