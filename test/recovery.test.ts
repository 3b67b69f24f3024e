/**
 * Recovery on a generated exchange, on real servers: the state that was made, from Postgres and the journal, with words
 * about it; and no start on anything else, with the sequence named.
 */
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { assertWhole } from '../bench/recovery/postgres-rows.js';
import { Patience } from '../db-writer/patience.js';
import { Writer } from '../db-writer/writer.js';
import { CommandLog } from '../engine/command-log.js';
import { catchUp, recover } from '../engine/recovery.js';
import { type Generated, generate, problemOf, type Size } from '../scripts/generating/generate.js';
import { type JournalBatch, toStreamFields } from '../shared/domain/codec.js';
import { amount, type Fields, flag, integer, nullable, text } from '../shared/domain/fields.js';
import { copyRows } from '../shared/io/copy-rows.js';
import { keysOf } from '../shared/io/keys.js';
import { createPool } from '../shared/io/postgres.js';
import { redisAt } from '../shared/io/redis.js';
import { replaced } from './ascii.js';

const REDIS_URL = process.env.REDIS_URL!;
const DATABASE_URL = process.env.DATABASE_URL!;
const SIZE: Size = { accounts: 40, markets: 4, open: 300, ended: 400, journal: 205, batch: 20, seed: 7 };

async function world(t: Test) {
  const namespace = `recovery_${randomBytes(6).toString('hex')}`;
  const target = { redisUrl: REDIS_URL, databaseUrl: DATABASE_URL, namespace };
  const lines: Record<string, unknown>[] = [];
  const write = (chunk: Buffer, _: string, done: () => void) => {
    lines.push(JSON.parse(chunk.toString()));
    done();
  };
  const log = pino({ level: 'info' }, new Writable({ write }));
  const keys = keysOf(namespace);
  const pool = createPool(DATABASE_URL, namespace, 2);
  const commandLog = new CommandLog(redisAt(REDIS_URL), keys, log);
  const redis = commandLog.reader;
  t.teardown(async () => {
    await pool.query(`DROP SCHEMA IF EXISTS ${namespace} CASCADE`);
    await pool.end();
    await redis.del(keys.journal, keys.head, keys.exchangeId);
    commandLog.interrupt();
    commandLog.close();
  });
  return { target, stores: { commandLog, keys, pool, log }, redis, lines };
}

t.test('what was generated is recovered, and told of', async t => {
  const { target, stores, lines } = await world(t);
  const { watermark, end, stateHash } = await generate(target, SIZE);
  t.equal(end - watermark, SIZE.journal);
  const machine = await recover(stores);
  t.same([machine.exchange.sequence, machine.exchange.stateHash], [end, stateHash]);
  machine.exchange.audit();

  const loaded = lines.find(({ msg }) => msg === 'checkpoint loaded')!;
  const rows = loaded.rows as Record<string, number>;
  t.match(rows, { exchange: 1, asset: 5, market: 4, balance: 4 * SIZE.accounts + 5, idempotencyKey: 4 });
  t.ok(rows.order! >= SIZE.open);
  const replayed = lines.find(({ msg }) => msg === 'journal replayed')!;
  t.match(replayed, { batches: 11, commands: SIZE.journal, sequence: end });
  t.ok((loaded.seconds as number) > 0 && (replayed.commandsPerSecond as number) > 0);

  lines.length = 0;
  t.match(await catchUp(stores, machine), { batches: 0, commands: 0 });
  t.same(lines, [], 'a standby that finds nothing new says nothing');
});

t.test('the same seed makes the same exchange, another one another', async t => {
  const made: Generated[] = [];
  for (const seed of [7, 7, 8]) {
    const { target, stores } = await world(t);
    made.push(await generate(target, { ...SIZE, seed }));
    const { rows } = await stores.pool.query(
      `SELECT count(*) FILTER (WHERE status IN ('NEW', 'PARTIALLY_FILLED')) AS open,
         count(*) FILTER (WHERE status NOT IN ('NEW', 'PARTIALLY_FILLED')) AS ended FROM orders`,
    );
    t.ok(rows[0].open >= SIZE.open && rows[0].ended >= SIZE.ended, JSON.stringify(made));
  }
  t.same(made[0], made[1]);
  t.not(made[0]!.stateHash, made[2]!.stateHash);
});

t.test('nothing is generated where something is, nor what cannot be', async t => {
  const { target } = await world(t);
  await generate(target, { ...SIZE, open: 0, ended: 0, journal: 0 });
  await t.rejects(generate(target, SIZE), /is not empty/);
  t.equal(problemOf(SIZE), undefined);
  t.match(problemOf({ ...SIZE, accounts: 0 }), /accounts/);
  t.match(problemOf({ ...SIZE, markets: 2 }), /markets/);
  t.match(problemOf({ ...SIZE, open: 1e6 }), /open orders/);
  t.match(problemOf({ ...SIZE, batch: 0 }), /batch/);
  t.match(problemOf({ ...SIZE, seed: 0 }), /seed/);
});

t.test('the writer catches up with every row once', async t => {
  const { target, stores, redis } = await world(t);
  const { pool, keys, log } = stores;
  const generated = await generate(target, SIZE);
  await t.rejects(assertWhole(pool, generated), /does not hold/, 'not yet');
  const stop = new AbortController();
  const { signal } = stop;
  const running = new Writer(
    { pool, redis, keys, journalLimitBytes: 1e9 },
    new Patience(log, signal),
    signal,
  ).run();
  for (let sequence = 0; sequence < generated.end; ) {
    const { rows } = await pool.query('SELECT sequence FROM watermark');
    sequence = Number(rows[0].sequence);
    await sleep(20);
  }
  stop.abort();
  await running.catch(() => {});
  await assertWhole(pool, generated);
  t.equal((await recover(stores)).exchange.stateHash, generated.stateHash);

  await pool.query('DELETE FROM trades WHERE (market, trade_id) IN (SELECT market, 1 FROM markets LIMIT 1)');
  await t.rejects(assertWhole(pool, generated), /does not hold/, 'with a trade gone');
});

t.test('a row that was changed by hand is refused, at its sequence', async t => {
  const { target, stores } = await world(t);
  const { watermark } = await generate(target, SIZE);
  const { pool } = stores;
  const open = `(SELECT order_id FROM orders WHERE status = 'NEW' ORDER BY order_id LIMIT 1)`;
  const names = (what: string) => new RegExp(`^Postgres.* ${watermark}.*${what}`);
  for (const [change, says] of [
    ['UPDATE balances SET available = available + 1 WHERE account = 1001', names('hashes to')],
    ['UPDATE markets SET last_trade_id = last_trade_id + 1', names('hashes to')],
    [`UPDATE idempotency_keys SET key = 'another'`, names('hashes to')],
    [`DELETE FROM orders WHERE order_id = ${open}`, names('hashes to')],
    [`UPDATE orders SET client_order_id = 'another' WHERE order_id = ${open}`, names('hashes to')],
    [`UPDATE orders SET updated_at = -1 WHERE order_id = ${open}`, names('impossible order')],
    [`UPDATE orders SET market = 'BTC_BTC' WHERE order_id = ${open}`, names('impossible order')],
    ['UPDATE exchange SET sequence = sequence + 1', names('its state is at')],
  ] as const) {
    const table = /(?:UPDATE|FROM) (\w+)/.exec(change)![1]!;
    await pool.query(`CREATE TABLE kept AS SELECT * FROM ${table}`);
    await pool.query(change);
    await t.rejects(recover(stores), { message: says }, change);
    await pool.query(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept; DROP TABLE kept`);
  }
  await recover(stores);
});

t.test('a journal that was changed is refused, at its sequences', async t => {
  const { target, stores, redis } = await world(t);
  const { watermark } = await generate(target, SIZE);
  const { keys, commandLog } = stores;
  const journal: JournalBatch[] = [];
  for await (const batch of commandLog.journal.after(0)) journal.push(batch);
  const place = journal.findIndex(({ first }) => first > watermark) + 2;
  const batch = journal[place]!;
  const write = async (batches: readonly JournalBatch[]) => {
    await redis.del(keys.journal);
    for (const each of batches) await redis.xadd(keys.journal, `${each.last}-0`, ...toStreamFields(each));
  };
  const names = (what: string) => new RegExp(`sequences ${batch.first} to ${batch.last}.*${what}`);
  for (const [change, says] of [
    [{ stateHash: '0'.repeat(16) }, names('hashes to')],
    [{ events: replaced(batch.events, '"', "'") }, names('other events')],
    [{ commands: batch.commands.subarray(batch.commands.indexOf('\n') + 1) }, names('end at')],
    [{ commands: replaced(batch.commands, '[', '{') }, names('entry 1 of the batch is no command')],
    [{ commands: replaced(batch.commands, /^\d+/, '1') }, names('time went back')],
    [{ first: batch.first + 1 }, new RegExp(`at sequence ${batch.first + 1}`)],
  ] as [Partial<JournalBatch>, RegExp][]) {
    await write(journal.toSpliced(place, 1, { ...batch, ...change }));
    await t.rejects(recover(stores), { message: says }, JSON.stringify(Object.keys(change)));
  }
  await write(journal.toSpliced(place, 1));
  await t.rejects(
    recover(stores),
    { message: new RegExp(`at sequence ${batch.last + 1}`) },
    'a batch is gone',
  );
  await write(journal);
  await recover(stores);
});

t.test('rows come as they stand, however they are cut', async t => {
  const { pool } = (await world(t)).stores;
  const fields: Fields<Record<string, unknown>> = {
    integer,
    some: nullable(integer),
    amount,
    large: amount,
    text,
    flag,
  } as never;
  const query = `SELECT n, CASE WHEN n % 3 = 0 THEN n END, -n::bigint, 9223372036854775807 - n,
      CASE WHEN n % 2 = 0 THEN '\\N' || n ELSE 'a\\b' || n END, n % 5 = 0 FROM generate_series(1, 20000) AS n`;
  const client = await pool.connect();
  let n = 0;
  let reads = 0;
  for await (const rows of copyRows(client, fields, query)) {
    reads++;
    for (const row of rows) {
      n++;
      const expected = {
        integer: n,
        some: n % 3 === 0 ? n : null,
        amount: BigInt(-n),
        large: 2n ** 63n - 1n - BigInt(n),
        text: n % 2 === 0 ? `\\N${n}` : `a\\b${n}`,
        flag: n % 5 === 0,
      };
      if (
        JSON.stringify(Object.values(row).map(String)) !== JSON.stringify(Object.values(expected).map(String))
      )
        t.same(row, expected);
    }
  }
  client.release();
  t.equal(n, 20_000);
  t.ok(reads > 5, 'in several reads');
});
