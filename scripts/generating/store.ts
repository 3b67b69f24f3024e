/** The Redis and the Postgres that a generated exchange goes into, in a namespace that was empty. */
import { Redis } from 'ioredis';
import type pg from 'pg';
import { fold } from '../../db-writer/fold.js';
import { migrate } from '../../db-writer/migrate.js';
import { readWatermark, type Watermark, write } from '../../db-writer/write.js';
import { CommandLog } from '../../engine/command-log.js';
import type { Machine } from '../../engine/machine.js';
import { recover } from '../../engine/recovery.js';
import { type JournalBatch, toStreamFields } from '../../shared/domain/codec.js';
import { FIRST_USER } from '../../shared/domain/entities.js';
import { type Keys, keysOf } from '../../shared/io/keys.js';
import { createLogger } from '../../shared/io/log.js';
import { createPool } from '../../shared/io/postgres.js';
import { redisAt } from '../../shared/io/redis.js';
import { Refusal } from '../running/refusal.js';

export interface Target {
  redisUrl: string;
  databaseUrl: string;
  namespace: string;
}

/** Indexes that the writing itself does not need: made once at the end they cost a fraction. */
const READERS_INDEXES = `
  SELECT format('DROP INDEX %I', indexname) AS drop, indexdef AS restore
  FROM pg_indexes WHERE schemaname = $1 AND indexname NOT IN (SELECT conname FROM pg_constraint)
  UNION ALL
  SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE contype = 'p' AND conrelid IN ('trades'::regclass, 'ledger'::regclass, 'ended_orders'::regclass)`;

const log = createLogger('generate', 'warn');

export class Store {
  readonly #keys: Keys;
  readonly #redis: Redis;
  readonly #pool: pg.Pool;
  #watermark: Watermark | undefined;
  /** Statements that make the dropped indexes again. */
  #indexes: string[] = [];

  /** Whether anything is there is seen by `found`. */
  constructor({ redisUrl, databaseUrl, namespace }: Target) {
    this.#keys = keysOf(namespace);
    this.#redis = new Redis(redisUrl, { maxRetriesPerRequest: 0 });
    this.#pool = createPool(databaseUrl, namespace, 1);
    // To make what is written next can take longer than a connection is kept that has nothing to do.
    this.#pool.options.idleTimeoutMillis = 0;
  }

  /** Makes tables and identity as the first start of an exchange does; refuses a namespace that is not empty. */
  async found(target: Target): Promise<Machine> {
    await this.#assertEmpty(target);
    await migrate(target.databaseUrl, target.namespace, log);
    const commandLog = new CommandLog(redisAt(target.redisUrl), this.#keys, log);
    try {
      const machine = await recover({ commandLog, keys: this.#keys, pool: this.#pool, log });
      this.#watermark = await readWatermark(this.#pool);
      await this.#dropIndexes(target.namespace);
      return machine;
    } finally {
      commandLog.close();
    }
  }

  async #assertEmpty({ namespace }: Target): Promise<void> {
    const { rowCount } = await this.#pool.query('SELECT FROM pg_namespace WHERE nspname = $1', [namespace]);
    const { journal, head, exchangeId, commands } = this.#keys;
    if (rowCount === 0 && (await this.#redis.exists(journal, head, exchangeId, commands)) === 0) return;
    throw new Refusal(
      `The namespace ${namespace} is not empty: set NAMESPACE to another one, or run \`npm run reset -- --yes\`.`,
    );
  }

  async #dropIndexes(namespace: string): Promise<void> {
    const { rows } = await this.#pool.query(READERS_INDEXES, [namespace]);
    for (const { drop } of rows) await this.#pool.query(drop);
    this.#indexes = rows.map(({ restore }) => restore);
  }

  /** Into Postgres, as the db-writer does. */
  async write(batches: readonly JournalBatch[]): Promise<void> {
    const changes = fold(batches);
    if (!(await write(this.#pool, this.#watermark!, changes)))
      throw new Refusal('Something else writes into this namespace.');
    this.#watermark = { ...this.#watermark!, sequence: changes.sequence };
  }

  /** Into the journal, as the engine's commits do. */
  async append(batches: readonly JournalBatch[]): Promise<void> {
    const pipeline = this.#redis.pipeline();
    for (const batch of batches)
      pipeline.xadd(this.#keys.journal, `${batch.last}-0`, ...toStreamFields(batch));
    pipeline.set(this.#keys.head, batches.at(-1)!.head);
    for (const [error] of (await pipeline.exec())!) if (error !== null) throw error;
  }

  /** All indexes are there again, Postgres knows how much there is of what, and a new user gets an account of his own. */
  async settle(accounts: number): Promise<void> {
    for (const restore of this.#indexes) await this.#pool.query(restore);
    await this.#pool.query(`ALTER TABLE users ALTER user_id RESTART WITH ${FIRST_USER + accounts}`);
    await this.#pool.query('VACUUM ANALYZE orders, balances, trades, ledger, klines');
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
    await this.#pool.end();
  }
}
