/**
 * Loading the checkpoint: Postgres at its watermark, read in one transaction and checked against its state hash (D3).
 */
import type pg from 'pg';
import { type Image, LOGIC } from '../shared/domain/codec.js';
import { ENTITY_KINDS, type EntityKind, KINDS } from '../shared/domain/entities.js';
import type { Fields } from '../shared/domain/fields.js';
import { copyRows, RowError } from '../shared/io/copy-rows.js';
import type { Logger } from '../shared/io/log.js';
import { beginSnapshot } from '../shared/io/snapshot.js';
import { columnsOf } from '../shared/io/tables.js';
import type { Machine } from './machine.js';
import { ProgressLog } from './progress-log.js';

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
    await beginSnapshot(client);
    // The index has the open orders in their order; to sort them all first would hold up whoever waits for the first.
    await client.query('SET LOCAL enable_sort = off');
    const watermark = await readWatermark(client);
    if (watermark === undefined) throw new CheckpointError('Postgres has no watermark');
    await loadState(client, machine, watermark, log);
    await client.query('COMMIT');
    client.release();
    return watermark;
  } catch (error) {
    // Whatever the connection was in the middle of ends with it.
    client.release(true);
    throw error;
  }
}

async function loadState(
  client: pg.PoolClient,
  machine: Machine,
  watermark: Watermark,
  log: Logger,
): Promise<void> {
  const progress = new ProgressLog(log);
  const rows: Partial<Record<EntityKind, number>> = {};
  const figures = () => ({ sequence: watermark.sequence, rows, seconds: progress.seconds });
  for (const kind of ENTITY_KINDS) {
    rows[kind] = 0;
    for await (const entities of liveEntities(client, kind, watermark)) {
      for (const entity of entities) load(machine, { kind, entity } as Image, watermark);
      // What was loaded is the state's; as what a batch changed it would be in memory once more.
      machine.exchange.endBatch();
      rows[kind] += entities.length;
      progress.reach('loading the checkpoint', figures);
    }
  }
  verify(machine, watermark);
  log.info(figures(), 'checkpoint loaded');
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

async function* liveEntities(
  client: pg.PoolClient,
  kind: EntityKind,
  { sequence }: Watermark,
): AsyncGenerator<unknown[]> {
  const { table, liveSql, orderSql } = KINDS[kind];
  const fields = KINDS[kind].fields as Fields<unknown>;
  const columns = columnsOf(fields).map(({ name }) => name);
  const query = `SELECT ${columns.join(', ')} FROM ${table} WHERE ${liveSql} ORDER BY ${orderSql}`;
  try {
    yield* copyRows(client, fields, query);
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    throw new CheckpointError(`Postgres at sequence ${sequence} has an impossible ${kind}: ${error.message}`);
  }
}

/** An entity that refers to what is not there is no state of ours. */
function load({ exchange }: Machine, image: Image, { sequence }: Watermark): void {
  try {
    exchange.load(image);
  } catch (error) {
    const row = Object.values(image.entity).join(' ');
    throw new CheckpointError(
      `Postgres at sequence ${sequence} has an impossible ${image.kind} ${row}: ${(error as Error).message}`,
    );
  }
}

/** Another logic may hash another way; then the state is only looked at whether it contradicts itself. */
function verify({ exchange }: Machine, { sequence, stateHash, logic }: Watermark): void {
  if (exchange.sequence !== sequence)
    throw new CheckpointError(`Postgres' watermark is ${sequence}, its state is at ${exchange.sequence}`);
  if (logic !== LOGIC) exchange.audit();
  else if (exchange.stateHash !== stateHash) {
    throw new CheckpointError(
      `Postgres at sequence ${sequence} hashes to ${exchange.stateHash}, its watermark says ${stateHash}`,
    );
  }
}
