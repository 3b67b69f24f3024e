/**
 * The floor of the writer: the rows that it writes for a journal, in as many transactions, by COPY into tables without an
 * index. While they are made into text the clock
 * stands.
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
import { createPool } from '../../shared/io/postgres.js';
import { columnsOf } from '../../shared/io/tables.js';
import type { Span } from './parts.js';

export interface Copied {
  rows: number;
  seconds: number;
}

interface Copy {
  statement: string;
  text: string;
  rows: number;
}

export class WriterFloor {
  readonly #redis: Redis;
  readonly #pool: pg.Pool;

  private constructor(redis: Redis, pool: pg.Pool) {
    this.#redis = redis;
    this.#pool = pool;
  }

  static async open({ databaseUrl, redisUrl, namespace }: Target): Promise<WriterFloor> {
    const schema = `floor_of_${namespace}`;
    const pool = createPool(databaseUrl, schema, 1);
    await makeTables(pool, schema, namespace);
    return new WriterFloor(new Redis(redisUrl), pool);
  }

  /** What the journal in a stream has after one sequence up to another, in the transactions of the db-writer's reader. */
  async copy(stream: string, { after, end }: Span): Promise<Copied> {
    const reader = new JournalReader(this.#redis, stream, 0, new AbortController().signal);
    const client = await this.#pool.connect();
    const copied = { rows: 0, seconds: 0 };
    for (let last = after; last < end; ) {
      const changes = fold((await reader.after(last)).batches);
      const copies = copiesOf(changes);
      const started = performance.now();
      await run(client, copies);
      copied.seconds += (performance.now() - started) / 1000;
      copied.rows += copies.reduce((sum, { rows }) => sum + rows, 0);
      last = changes.sequence;
    }
    client.release();
    return copied;
  }

  async close(): Promise<void> {
    await Promise.all([this.#redis.quit(), this.#pool.end()]);
  }
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

async function makeTables(pool: pg.Pool, schema: string, namespace: string): Promise<void> {
  await pool.query(`CREATE SCHEMA ${schema}`);
  const tables = [...ENTITY_KINDS.map(kind => KINDS[kind].table), 'trades', 'ledger', 'klines'];
  for (const table of tables)
    await pool.query(`CREATE TABLE ${schema}.${table} (LIKE ${namespace}.${table})`);
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
