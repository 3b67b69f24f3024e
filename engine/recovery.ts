/**
 * From nothing to the state at the journal's end: the checkpoint, then the journal after it (D3). Whatever says that
 * Redis and Postgres do not belong together, or that Redis has lost what was promised, is a refusal to start.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { LOGIC } from '../shared/domain/codec.js';
import { checkPostgresDurability } from '../shared/io/durability.js';
import type { Keys } from '../shared/io/keys.js';
import type { Logger } from '../shared/io/log.js';
import { isPostgresOutage } from '../shared/io/outage.js';
import { loadCheckpoint, readWatermark, type Watermark } from './checkpoint.js';
import type { CommandLog } from './command-log.js';
import { Machine } from './machine.js';
import { ProgressLog } from './progress-log.js';
import { JournalGapError, type Replayed, replayJournal } from './replay.js';

const RETRY_DELAY_MS = 250;
/** Postgres: no such schema or table, yet. */
const NOT_THERE_CODES = new Set(['3F000', '42P01']);

/** The two stores do not belong together, or one has lost what the other knows. Its message says what to do. */
export class RecoveryError extends Error {}

export interface Stores {
  commandLog: CommandLog;
  keys: Keys;
  pool: pg.Pool;
  log: Logger;
}

/** A machine at the state of the journal's end. Throws a JournalGapError where the journal has gone on meanwhile. */
export async function recover(stores: Stores): Promise<Machine> {
  await patiently(() => checkPostgresDurability(stores.pool, stores.log), stores.log);
  await establishIdentity(stores);
  const machine = new Machine();
  const watermark = await loadCheckpoint(stores.pool, machine, stores.log);
  await checkTail(stores, watermark);
  const replayed = await catchUp(stores, machine);
  stores.log.info({ ...replayed, sequence: machine.exchange.sequence }, 'journal replayed');
  return machine;
}

/** Replays what the journal holds beyond the machine's state; says something only where that takes long. */
export async function catchUp({ commandLog, log }: Stores, machine: Machine): Promise<Replayed> {
  return replayJournal(commandLog.journal.after(machine.exchange.sequence), machine, new ProgressLog(log));
}

/**
 * The random exchange id is the same in Redis and Postgres. A fresh exchange makes it, in Redis first: what has an id
 * in Postgres has had one in Redis, so one that is missing there was lost.
 */
async function establishIdentity({ commandLog, keys, pool, log }: Stores): Promise<void> {
  const watermark = await patiently(() => readWatermark(pool), log);
  const redisId = await commandLog.reader.get(keys.exchangeId);
  if (watermark === undefined) {
    if (redisId === null) await commandLog.reader.set(keys.exchangeId, randomUUID(), 'NX');
    await insertWatermark(pool, (await commandLog.reader.get(keys.exchangeId))!);
    return;
  }
  if (redisId === null) {
    throw new RecoveryError(
      `Redis does not know this exchange, which Postgres holds at sequence ${watermark.sequence}: it is empty or ` +
        'another one. Start Redis with its own data; going on without it would lose acknowledged commands. If that data ' +
        'is gone for good, `npm run restore` begins again from Postgres.',
    );
  }
  if (redisId !== watermark.exchangeId) {
    throw new RecoveryError(
      `Redis holds exchange ${redisId}, Postgres exchange ${watermark.exchangeId}: they do not belong together. ` +
        'Check REDIS_URL, DATABASE_URL and NAMESPACE.',
    );
  }
}

async function insertWatermark(pool: pg.Pool, exchangeId: string): Promise<void> {
  const { stateHash } = new Machine().exchange;
  await pool.query(
    `INSERT INTO watermark (sequence, state_hash, head, exchange_id, logic) VALUES (0, $1, '0:0', $2, $3)
     ON CONFLICT DO NOTHING`,
    [stateHash, exchangeId, LOGIC],
  );
}

/** Redis must still hold everything after the watermark, and know where the leader was. */
async function checkTail({ commandLog, keys, pool }: Stores, { sequence, logic }: Watermark): Promise<void> {
  const { first, last: end } = await commandLog.journal.extent();
  if (logic !== LOGIC && end > sequence) {
    throw new RecoveryError(
      `Sequences ${sequence + 1} to ${end} are not in Postgres yet, and this engine must not replay them: they were ` +
        `written by logic ${logic}, it has ${LOGIC}. Start the version that wrote them and run \`npm run drain\` there.`,
    );
  }
  if (first > sequence + 1) {
    const now = await readWatermark(pool);
    if (now!.sequence > sequence)
      throw new JournalGapError(`loaded at ${sequence}, Postgres is at ${now!.sequence} by now`);
    throw new RecoveryError(
      `Postgres is at sequence ${sequence}, and the journal begins at ${first}: what is between is in neither. Restore ` +
        'a later backup of Postgres; where there is none, `npm run restore` begins again from this one.',
    );
  }
  if (sequence === 0) return;
  const lost =
    'Redis has lost its tail. Give it back its append-only file: going on would apply commands twice. If the file is ' +
    'gone for good, `npm run restore` begins again from Postgres.';
  if (end < sequence)
    throw new RecoveryError(`Postgres is at sequence ${sequence}, the journal ends at ${end}: ${lost}`);
  if ((await commandLog.reader.get(keys.head)) === null) {
    throw new RecoveryError(`Postgres is at sequence ${sequence}, but Redis has no head: ${lost}`);
  }
}

/** Waits for Postgres, and for the tables that the db-writer makes. */
async function patiently<T>(read: () => Promise<T>, log: Logger): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      const { code = '', message } = error as { code?: string; message: string };
      if (!NOT_THERE_CODES.has(code) && !isPostgresOutage(error)) throw error;
      if (attempt === 0) log.warn({ reason: message }, 'waiting for Postgres and its tables');
      await delay(RETRY_DELAY_MS);
    }
  }
}
