/**
 * What the checks look at: Postgres in one snapshot, and the journal beside it.
 *
 * Guarantees: all that is read of Postgres stands at one watermark, however long the checks take and whatever is traded
 * meanwhile; the journal is looked at up to where it ended just after the snapshot was taken.
 */
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { type JournalBatch, LOGIC } from '../../shared/domain/codec.js';
import { Journal } from '../../shared/io/journal.js';
import { type Keys, keysOf } from '../../shared/io/keys.js';
import { beginSnapshot } from '../../shared/io/snapshot.js';
import type { Connections } from '../running/connections.js';

export interface Watermark {
  readonly sequence: number;
  readonly stateHash: string;
  readonly head: string;
  readonly exchangeId: string;
}

/** Hears what is under way. */
export type Say = (line: string) => void;

export interface Evidence {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly journal: Journal;
  /** Sequence of the last command of the journal. */
  readonly journalEnd: number;
  /** In its transaction. */
  readonly postgres: pg.PoolClient;
  readonly watermark: Watermark;
  readonly say: Say;
}

/** Contradictions that are told of one kind. */
const EXAMPLES = 3;

/** Takes the snapshot, lets it be used, and ends it. */
export async function* withEvidence<T>(
  { redis, pool }: Connections,
  namespace: string,
  say: Say,
  use: (evidence: Evidence) => AsyncIterable<T>,
): AsyncIterable<T> {
  const postgres = await pool.connect();
  try {
    await beginSnapshot(postgres);
    await postgres.query('SAVEPOINT snapshot');
    const watermark = await readWatermark(postgres);
    const keys = keysOf(namespace);
    const journal = new Journal(redis, keys.journal);
    const { last: journalEnd } = await journal.extent();
    yield* use({ redis, keys, journal, journalEnd, postgres, watermark, say });
  } finally {
    postgres.release(true);
  }
}

/** The batches after a sequence, up to the journal's end, as progress of a work. */
export async function* batchesAfter(
  { journal, journalEnd, say }: Evidence,
  sequence: number,
  work: string,
): AsyncIterable<JournalBatch> {
  for await (const batch of journal.after(sequence)) {
    if (batch.first > journalEnd) return;
    yield batch;
    say(`${work}: sequence ${batch.last.toLocaleString('en')} of ${journalEnd.toLocaleString('en')}`);
  }
}

/** The batches that Postgres has, as far back as the journal keeps them; those of another logic are left out. */
export async function* storedBatches(evidence: Evidence, work: string): AsyncIterable<JournalBatch> {
  for await (const batch of batchesAfter(evidence, 0, work)) {
    if (batch.first > evidence.watermark.sequence) return;
    if (batch.logic === LOGIC) yield batch;
  }
}

/** In the snapshot, which a statement that fails leaves usable. */
export async function query<R extends pg.QueryResultRow>(
  { postgres }: Evidence,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  try {
    return (await postgres.query<R>(text, values)).rows;
  } catch (error) {
    await postgres.query('ROLLBACK TO SAVEPOINT snapshot');
    throw error;
  }
}

/** Throws, with a few of the rows, where the query finds any. @param sql gives one column `found`, what contradicts */
export async function assertNone(evidence: Evidence, sql: string, values: unknown[] = []): Promise<void> {
  const rows = await query<{ found: string }>(evidence, `${sql} LIMIT ${EXAMPLES + 1}`, values);
  if (rows.length === 0) return;
  const examples = rows.slice(0, EXAMPLES).map(({ found }) => found);
  throw new Error([...examples, ...(rows.length > EXAMPLES ? ['and more'] : [])].join('; '));
}

/** @param sql gives one column `count` */
export async function countOf(evidence: Evidence, sql: string): Promise<bigint> {
  const [row] = await query<{ count: bigint }>(evidence, sql);
  return row!.count;
}

async function readWatermark(client: pg.PoolClient): Promise<Watermark> {
  const { rows } = await client.query('SELECT sequence, state_hash, head, exchange_id FROM watermark');
  const [{ sequence, state_hash, head, exchange_id }] = rows;
  return { sequence: Number(sequence), stateHash: state_hash, head, exchangeId: exchange_id };
}
