/**
 * The one transaction (D3).
 *
 * Guarantees: the changes and the watermark that tells of them are written together or not at all, and only where the
 * watermark still stands where the changes begin. After any failure the watermark in Postgres tells the outcome, also
 * that of a commit whose answer was lost.
 */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { ENTITY_KINDS } from '../shared/domain/entities.js';
import {
  type BulkStatement,
  bulkQuery,
  COPY_LEDGER,
  COPY_ORDERS,
  COPY_TRADES,
  copyText,
  UPSERTS,
} from './bulk.js';
import type { Changes, Row } from './fold.js';
import { reach } from './outage.js';

export interface Watermark {
  readonly sequence: number;
  readonly exchangeId: string;
}

const READ_WATERMARK = sqlFile('read-watermark');
const MOVE_WATERMARK = sqlFile('move-watermark');
const ADD_CANDLES: BulkStatement = {
  name: 'add candles',
  text: sqlFile('add-candles'),
  types: [...Array(2).fill('text'), ...Array(5).fill('bigint'), ...Array(7).fill('numeric')],
};

/** `undefined` before the exchange's first engine has started. */
export async function readWatermark(pool: pg.Pool): Promise<Watermark | undefined> {
  const { rows } = await reach(
    'Postgres',
    pool.query<{ sequence: bigint; exchange_id: string }>(READ_WATERMARK),
  );
  const row = rows[0];
  return row && { sequence: Number(row.sequence), exchangeId: row.exchange_id };
}

/** False where another writer has moved the watermark meanwhile: then nothing was written. */
export function write(pool: pg.Pool, from: Watermark, changes: Changes): Promise<boolean> {
  return reach('Postgres', transaction(pool, from, changes));
}

async function transaction(pool: pg.Pool, from: Watermark, changes: Changes): Promise<boolean> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const moved = await moveWatermark(client, from, changes);
    if (moved) await writeRows(client, from, changes);
    await client.query(moved ? 'COMMIT' : 'ROLLBACK');
    client.release();
    return moved;
  } catch (error) {
    // Whatever the connection was in the middle of ends with it.
    client.release(true);
    throw error;
  }
}

async function moveWatermark(client: pg.PoolClient, from: Watermark, changes: Changes): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'move watermark',
    text: MOVE_WATERMARK,
    values: [
      changes.sequence,
      changes.stateHash,
      changes.head,
      changes.logic,
      from.sequence,
      from.exchangeId,
    ],
  });
  return rowCount === 1;
}

async function writeRows(client: pg.PoolClient, from: Watermark, changes: Changes): Promise<void> {
  for (const kind of ENTITY_KINDS) {
    const rows = changes.images.get(kind) ?? [];
    if (kind === 'order') await writeOrders(client, from, rows);
    else await add(client, UPSERTS[kind], rows);
  }
  await copy(client, COPY_TRADES, changes.trades);
  await copy(client, COPY_LEDGER, changes.ledger);
  await add(client, ADD_CANDLES, changes.candles);
}

/** An order's id is the sequence that placed it, so one beyond the watermark is not in the table yet. */
async function writeOrders(client: pg.PoolClient, from: Watermark, rows: readonly Row[]): Promise<void> {
  const isNew = ([orderId]: Row) => (orderId as number) > from.sequence;
  await copy(client, COPY_ORDERS, rows.filter(isNew));
  await add(
    client,
    UPSERTS.order,
    rows.filter(row => !isNew(row)),
  );
}

async function add(client: pg.PoolClient, statement: BulkStatement, rows: readonly Row[]): Promise<void> {
  if (rows.length > 0) await client.query(bulkQuery(statement, rows));
}

async function copy(client: pg.PoolClient, statement: string, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  await pipeline(Readable.from(copyText(rows)), client.query(copyFrom(statement)));
}

function sqlFile(name: string): string {
  return readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8');
}
