/**
 * Loading the checkpoint: Postgres at its watermark, read in one transaction and checked against its state hash (D3).
 */
import type pg from 'pg';
import { type Image, LOGIC } from '../shared/domain/codec.js';
import { ENTITY_KINDS, type EntityKind, KINDS } from '../shared/domain/entities.js';
import type { Fields } from '../shared/domain/fields.js';
import type { Logger } from '../shared/io/log.js';
import { columnsOf, fromRow } from '../shared/io/tables.js';
import type { Machine } from './machine.js';

/** Rows in memory at once while loading. */
const PAGE_ROWS = 10_000;

export class CheckpointError extends Error {}

export interface Watermark {
  sequence: number;
  stateHash: string;
  exchangeId: string;
  /** Of the engine that wrote the state. */
  logic: number;
}

/** Fills a new machine with the checkpoint and gives the watermark it stands at. Nothing else must have used it. */
export async function loadCheckpoint(pool: pg.Pool, machine: Machine, log: Logger): Promise<Watermark> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const watermark = await readWatermark(client);
    if (watermark === undefined) throw new CheckpointError('Postgres has no watermark');
    const started = performance.now();
    let rows = 0;
    for (const kind of ENTITY_KINDS) rows += await loadKind(client, machine, kind);
    const { stateHash } = machine.exchange.endBatch();
    await client.query('COMMIT');
    verify(machine, watermark, stateHash);
    const seconds = (performance.now() - started) / 1000;
    log.info(
      { sequence: watermark.sequence, rows, seconds: Number(seconds.toFixed(2)) },
      'checkpoint loaded',
    );
    return watermark;
  } finally {
    client.release();
  }
}

export async function readWatermark(client: pg.Pool | pg.PoolClient): Promise<Watermark | undefined> {
  const { rows } = await client.query('SELECT sequence, state_hash, exchange_id, logic FROM watermark');
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    sequence: Number(row.sequence),
    stateHash: row.state_hash,
    exchangeId: row.exchange_id,
    logic: row.logic,
  };
}

async function loadKind(client: pg.PoolClient, machine: Machine, kind: EntityKind): Promise<number> {
  const { fields, table, liveSql, orderSql } = KINDS[kind];
  const columns = columnsOf(fields as Fields<unknown>).map(({ name }) => name);
  await client.query(
    `DECLARE live NO SCROLL CURSOR FOR SELECT ${columns.join(', ')} FROM ${table} WHERE ${liveSql} ORDER BY ${orderSql}`,
  );
  let total = 0;
  for (;;) {
    const { rows } = await client.query(`FETCH ${PAGE_ROWS} FROM live`);
    for (const row of rows)
      machine.exchange.load({ kind, entity: fromRow(fields as Fields<unknown>, row) } as Image);
    total += rows.length;
    if (rows.length < PAGE_ROWS) break;
  }
  await client.query('CLOSE live');
  return total;
}

/** Another logic may hash another way; then the state is only looked at whether it contradicts itself. */
function verify(machine: Machine, { sequence, stateHash, logic }: Watermark, loaded: string): void {
  if (machine.exchange.sequence !== sequence) {
    throw new CheckpointError(
      `Postgres' watermark is ${sequence}, its state is at ${machine.exchange.sequence}`,
    );
  }
  if (logic !== LOGIC) machine.exchange.audit();
  else if (loaded !== stateHash) {
    throw new CheckpointError(
      `Postgres at sequence ${sequence} hashes to ${loaded}, its watermark says ${stateHash}`,
    );
  }
}
