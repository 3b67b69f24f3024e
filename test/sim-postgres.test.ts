/**
 * The simulated Postgres does what the real one does: each scenario is played on both, with the product's own code, and
 * must give the same, answer by answer.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import t from 'tap';
import { Database } from '../api/database.js';
import { storedCandles } from '../api/stored-candles.js';
import { storedTrades } from '../api/stored-trades.js';
import { fold } from '../db-writer/fold.js';
import { migrate } from '../db-writer/migrate.js';
import { readWatermark, type Watermark, write } from '../db-writer/write.js';
import { loadCheckpoint } from '../engine/checkpoint.js';
import { Machine } from '../engine/machine.js';
import { simulatedPool } from '../scripts/sim/postgres-client.js';
import { FORMS } from '../scripts/sim/postgres-tables.js';
import { type JournalBatch, LOGIC } from '../shared/domain/codec.js';
import { checkPostgresDurability } from '../shared/io/durability.js';
import { createLogger, type Logger } from '../shared/io/log.js';
import { createPool } from '../shared/io/postgres.js';
import {
  type BadLuck,
  exampleBatches,
  livingWorld,
  said,
  simulatedBadLuck,
  type Transcript,
  unlucky,
} from './server-scenarios.js';
import { TcpProxy } from './tcp-proxy.js';
import { eventually } from './ws-client.js';

const log = createLogger('sim-postgres', 'silent');
const MOVE_WATERMARK = readFileSync(new URL('../db-writer/sql/move-watermark.sql', import.meta.url), 'utf8');
const { texts: EXAMPLE } = exampleBatches();

/** A Postgres with the tables of an exchange. */
interface PostgresUnderTest extends BadLuck {
  readonly pool: pg.Pool;
  /** Has no bad luck. */
  readonly witness: pg.Pool;
}

type Scenario = (postgres: PostgresUnderTest, texts: readonly JournalBatch[]) => Promise<Transcript>;

async function begun(pool: pg.Pool): Promise<Watermark> {
  await pool.query(
    `INSERT INTO watermark (sequence, state_hash, head, exchange_id, logic) VALUES (0, $1, '0:0', $2, $3)
     ON CONFLICT DO NOTHING`,
    [new Machine().exchange.stateHash, 'exchange', LOGIC],
  );
  return (await readWatermark(pool))!;
}

/** Every row of every table. */
async function rowsOf(pool: pg.Pool): Promise<Transcript> {
  const tables: Transcript = [];
  for (const [table, { types, key }] of FORMS) {
    if (table === 'watermark' || table === 'klines') continue;
    const client = await pool.connect();
    const columns = Object.keys(types);
    const query = `SELECT ${columns.join(', ')} FROM ${table} WHERE TRUE ORDER BY ${key.join(', ')}`;
    const pieces: Buffer[] = [];
    const copying = client.query(copyTo(`COPY (${query}) TO STDOUT`)) as AsyncIterable<Buffer>;
    for await (const piece of copying) pieces.push(piece);
    client.release();
    tables.push([table, Buffer.concat(pieces).toString().split('\n')]);
  }
  return tables;
}

const SCENARIOS: Record<string, Scenario> = {
  'what the writer writes, the engine loads': async ({ pool }, [first, ...rest]) => {
    const start = await begun(pool);
    const answers: Transcript = [start, await begun(pool)];
    answers.push(await write(pool, start, fold([first!])));
    answers.push(await said(write(pool, start, fold([first!]))));
    const then = (await readWatermark(pool))!;
    answers.push(then, await write(pool, then, fold(rest)), await readWatermark(pool));
    const machine = new Machine();
    answers.push(await loadCheckpoint(pool, machine, log), machine.exchange.stateHash);
    answers.push(await rowsOf(pool));
    return answers;
  },

  'what the api reads of trades and candles': async ({ pool }, texts) => {
    const start = await begun(pool);
    // Candles of the first batches are there when the others add to them.
    await write(pool, start, fold(texts.slice(0, 2)));
    await write(pool, (await readWatermark(pool))!, fold(texts.slice(2)));
    const database = new Database(pool, log);
    const [readTrades, readCandles] = [storedTrades(database), storedCandles(database)];
    const answers: Transcript = [];
    for (const market of ['ADA_USDT', 'ETH_USDT', 'BTC_USDT']) {
      answers.push(await readTrades(market, 1, 1000), await readTrades(market, 2, 3));
      answers.push(await readCandles(market, 0), await readCandles(market, Number.MAX_SAFE_INTEGER));
    }
    return answers;
  },

  'of two writers one writes, the other finds that it was late': async ({ pool }, [first]) => {
    const start = await begun(pool);
    const changes = fold([first!]);
    const written = await Promise.all([1, 2].map(() => write(pool, start, changes)));
    return [written.sort(), await readWatermark(pool)];
  },

  'a row that is there already ends the transaction, and nothing of it stays': async ({ pool }, texts) => {
    const start = await begun(pool);
    await write(pool, start, fold(texts));
    const { sequence } = (await readWatermark(pool))!;
    await pool.query(MOVE_WATERMARK, [0, 'hash', '0:0', LOGIC, sequence, 'exchange']);
    const again = await write(pool, start, fold(texts)).catch(error => error.code);
    return [again, await readWatermark(pool), await rowsOf(pool)];
  },

  'a snapshot stays as it was, a plain transaction does not': async ({ pool }, [first]) => {
    const start = await begun(pool);
    const answers: Transcript = [];
    const [snapshot, plain] = [await pool.connect(), await pool.connect()];
    await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await plain.query('BEGIN');
    const sequences = async () => {
      for (const client of [snapshot, plain]) {
        const { rows } = await client.query('SELECT sequence FROM watermark');
        answers.push(Number(rows[0].sequence));
      }
    };
    await sequences();
    await write(pool, start, fold([first!]));
    await sequences();
    for (const client of [snapshot, plain]) {
      await client.query('COMMIT');
      client.release();
    }
    answers.push((await readWatermark(pool))?.sequence);
    return answers;
  },

  'settings are told': async ({ pool }) => {
    const said: unknown[] = [];
    const listening = { error: (details: unknown) => said.push(details) } as unknown as Logger;
    await checkPostgresDurability(pool, listening);
    return said;
  },

  'a transaction ends with its connection, also with the answer to its COMMIT': async (
    { pool, witness, mute, cut },
    [first],
  ) => {
    const start = await begun(witness);
    const client = await pool.connect();
    await client.query('BEGIN');
    const moved = [first!.last, first!.stateHash, first!.head, LOGIC, 0, start.exchangeId];
    const answers: Transcript = [(await client.query(MOVE_WATERMARK, moved)).rowCount];
    mute();
    const asking = said(client.query('SELECT sequence FROM watermark'));
    await sleep(50);
    cut();
    answers.push(await asking, await said(client.query('COMMIT')), (await readWatermark(witness))?.sequence);
    client.release(true);
    const again = await pool.connect();
    await again.query('BEGIN');
    answers.push((await again.query(MOVE_WATERMARK, moved)).rowCount);
    mute();
    const committing = said(again.query('COMMIT'));
    await eventually(async () => (await readWatermark(witness))!.sequence > 0);
    cut();
    answers.push(await committing, (await readWatermark(witness))?.sequence);
    again.release(true);
    answers.push(await readWatermark(pool));
    return answers;
  },
};

t.test('Postgres', async t => {
  const url = process.env.DATABASE_URL!;
  const proxy = await TcpProxy.start(url);
  t.teardown(() => proxy.close());
  const proxied = new URL(url);
  proxied.port = new URL(proxy.url).port;
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    t.test(name, async t => {
      const namespace = `sim_${randomBytes(6).toString('hex')}`;
      await migrate(url, namespace, log);
      const [pool, witness] = [createPool(proxied.href, namespace, 4), createPool(url, namespace, 1)];
      t.teardown(async () => {
        await witness.query(`DROP SCHEMA ${namespace} CASCADE`);
        await Promise.all([pool.end(), witness.end()]);
      });
      const { world, owner } = livingWorld(t);
      const { network, postgres, postgresLinks: links } = world;
      const simulated: PostgresUnderTest = {
        pool: simulatedPool({ network, postgres, links }, owner, 4),
        witness: simulatedPool({ network, postgres, links }, { ...owner }, 1),
        ...simulatedBadLuck(() => links.get(owner)!),
      };
      const actual: PostgresUnderTest = { pool, witness, ...unlucky(proxy) };
      t.same(await scenario(simulated, EXAMPLE), await scenario(actual, EXAMPLE));
    });
  }
});
