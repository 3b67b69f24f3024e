/**
 * The floor of the writer: the rows that it writes for a journal, in as many transactions, by COPY into tables without an
 * index. While they are made into text the clock stands.
 */
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { Redis } from 'ioredis';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import {
  COPY_LEDGER,
  COPY_TRADES,
  type CopyStatement,
  candleRow,
  copyStatement,
} from '../../db-writer/bulk.js';
import { copyText } from '../../db-writer/copy-text.js';
import { type Changes, fold } from '../../db-writer/fold.js';
import { JournalReader } from '../../db-writer/journal-reader.js';
import type { Target } from '../../scripts/generating/store.js';
import { ENTITY_KINDS, KINDS } from '../../shared/domain/entities.js';
import type { Fields } from '../../shared/domain/fields.js';
import { createPool } from '../../shared/io/postgres.js';
import type { Span } from './parts.js';

const COPIES = new Map(
  ENTITY_KINDS.map(kind => [kind, copyStatement(KINDS[kind].table, KINDS[kind].fields as Fields<unknown>)]),
);

export interface Copied {
  rows: number;
  seconds: number;
}

interface Copy {
  statement: string;
  text: Buffer;
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
  const ofKinds = ENTITY_KINDS.map(kind => copyOf(COPIES.get(kind)!, images[kind]));
  const ofCandles = {
    statement: 'COPY klines FROM STDIN',
    text: Buffer.from(candles.map(candle => `${candleRow(candle).join('\t')}\n`).join('')),
    rows: candles.length,
  };
  const copies = [...ofKinds, copyOf(COPY_TRADES, trades), copyOf(COPY_LEDGER, ledger), ofCandles];
  return copies.filter(({ rows }) => rows > 0);
}

function copyOf<T>({ text, codec }: CopyStatement<T>, records: readonly T[]): Copy {
  return { statement: text, text: Buffer.concat([...copyText(codec, records)]), rows: records.length };
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
