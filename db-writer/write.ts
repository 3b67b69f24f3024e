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
import type { Order } from '../shared/domain/entities.js';
import { isOpen } from '../shared/domain/orders.js';
import {
  type BulkStatement,
  bulkQuery,
  COPY_ENDED_ORDERS,
  COPY_LEDGER,
  COPY_OPEN_ORDERS,
  COPY_TRADES,
  type CopyStatement,
  candleRow,
  TAKE_OUT_ORDERS,
  UPSERTED_KINDS,
  upsert,
} from './bulk.js';
import { copyText } from './copy-text.js';
import type { Changes } from './fold.js';
import { JournalFault, reach } from './outage.js';

export interface Watermark {
  readonly sequence: number;
  readonly exchangeId: string;
}

/**
 * Every row is found by its key: of 100,000 open orders the planner would read all to take out 1,000 (in 20 to 42 ms
 * instead of 4).
 */
const BEGIN = 'BEGIN; SET LOCAL enable_seqscan = off';
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
    await client.query(BEGIN);
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
  for (const kind of UPSERTED_KINDS)
    if (changes.images[kind].length > 0) await client.query(upsert(kind, changes.images[kind]));
  await writeOrders(client, from, changes.images.order);
  await copy(client, COPY_TRADES, changes.trades);
  await copy(client, COPY_LEDGER, changes.ledger);
  if (changes.candles.length > 0) await client.query(bulkQuery(ADD_CANDLES, changes.candles.map(candleRow)));
}

/**
 * An order that has changed is another row, among the open orders or among those that have ended; its old row was among
 * the open ones. An order's id is the sequence that placed it, so one beyond the watermark has none.
 */
async function writeOrders(client: pg.PoolClient, from: Watermark, orders: readonly Order[]): Promise<void> {
  const stored = orders.filter(({ orderId }) => orderId <= from.sequence);
  if (stored.length > 0) await takeOut(client, stored);
  await copy(
    client,
    COPY_OPEN_ORDERS,
    orders.filter(({ status }) => isOpen(status)),
  );
  await copy(
    client,
    COPY_ENDED_ORDERS,
    orders.filter(({ status }) => !isOpen(status)),
  );
}

async function takeOut(client: pg.PoolClient, orders: readonly Order[]): Promise<void> {
  const rows = orders.map(({ account, orderId }) => [account, orderId]);
  const { rowCount } = await client.query(bulkQuery(TAKE_OUT_ORDERS, rows));
  if (rowCount !== rows.length)
    throw new JournalFault(`of ${rows.length} open orders that have changed Postgres holds ${rowCount}`);
}

async function copy<T>(
  client: pg.PoolClient,
  { text, codec }: CopyStatement<T>,
  records: readonly T[],
): Promise<void> {
  if (records.length === 0) return;
  await pipeline(Readable.from(copyText(codec, records)), client.query(copyFrom(text)));
}

function sqlFile(name: string): string {
  return readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8');
}
