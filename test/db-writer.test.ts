/**
 * The db-writer against real servers: what stands in Postgres is exactly what the journal says, whatever happens on
 * the way.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import pg from 'pg';
import t, { type Test } from 'tap';
import { fold } from '../db-writer/fold.js';
import { migrate } from '../db-writer/migrate.js';
import { Patience } from '../db-writer/patience.js';
import { readWatermark, write } from '../db-writer/write.js';
import { Writer } from '../db-writer/writer.js';
import { encodeCommands, type JournalBatch, LOGIC, toStreamFields } from '../shared/domain/codec.js';
import { ENTITY_KINDS, FIRST_USER, KINDS } from '../shared/domain/entities.js';
import type { Fields } from '../shared/domain/fields.js';
import { STORED_LEDGER_ENTRY_FIELDS, STORED_TRADE_FIELDS } from '../shared/domain/history.js';
import { addTrade, type Candle, candleOf, INTERVALS, openTime } from '../shared/domain/klines.js';
import { checkPostgresDurability } from '../shared/io/durability.js';
import { type Keys, keysOf } from '../shared/io/keys.js';
import { createLogger } from '../shared/io/log.js';
import { createPool } from '../shared/io/postgres.js';
import { connectPatiently, redisAt } from '../shared/io/redis.js';
import { beginSnapshot } from '../shared/io/snapshot.js';
import { columnName, columnsOf, fromRow } from '../shared/io/tables.js';
import { ascii } from './ascii.js';
import { MadeJournal } from './made-journal.js';
import { TcpProxy } from './tcp-proxy.js';
import { encodeEvent } from './tuples.js';
import { eventually } from './ws-client.js';

const REDIS_URL = process.env.REDIS_URL ?? assert.fail('REDIS_URL is not set');
const DATABASE_URL = process.env.DATABASE_URL ?? assert.fail('DATABASE_URL is not set');
const MAIN = fileURLToPath(new URL('../db-writer/main.js', import.meta.url));
const EXCHANGE_ID = 'an-exchange';
const REACH_TIMEOUT_MS = 20_000;
const log = createLogger('db-writer-test', 'silent');

/** An exchange of its own for each test: keys, schema, a watermark at 0. */
class Store {
  readonly keys: Keys;
  readonly pool: pg.Pool;

  private constructor(
    readonly namespace: string,
    readonly redis: Redis,
  ) {
    this.keys = keysOf(namespace);
    this.pool = createPool(DATABASE_URL, namespace, 2);
  }

  static async create(t: Test, name: string): Promise<Store> {
    const store = new Store(`db_writer_${name}`, connectPatiently(redisAt(REDIS_URL)));
    const { pool, redis, keys, namespace } = store;
    t.teardown(async () => {
      await pool.end();
      redis.disconnect();
    });
    await pool.query(`DROP SCHEMA IF EXISTS ${namespace} CASCADE`);
    await redis.del(keys.journal, keys.exchangeId);
    await migrate(DATABASE_URL, namespace, log);
    await redis.set(keys.exchangeId, EXCHANGE_ID);
    await pool.query(
      `INSERT INTO watermark (sequence, state_hash, head, exchange_id, logic) VALUES (0, '0', '0:0', $1, 1)`,
      [EXCHANGE_ID],
    );
    return store;
  }

  async push(batches: readonly JournalBatch[]): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (const batch of batches)
      pipeline.xadd(this.keys.journal, `${batch.last}-0`, ...toStreamFields(batch));
    await pipeline.exec();
  }

  async watermark(): Promise<number> {
    const { rows } = await this.pool.query<{ sequence: bigint }>('SELECT sequence FROM watermark');
    return Number(rows[0]!.sequence);
  }

  async reached(sequence: number): Promise<void> {
    const deadline = Date.now() + REACH_TIMEOUT_MS;
    while ((await this.watermark()) < sequence) {
      assert(Date.now() < deadline, `the watermark does not reach ${sequence}`);
      await sleep(5);
    }
  }

  /** Every table against the journal, and the candles against the trades that are stored. */
  async check(t: Test, journal: MadeJournal): Promise<void> {
    const balances = [...journal.balances.values()].sort(
      (a, b) => a.account - b.account || (a.asset < b.asset ? -1 : 1),
    );
    t.strictSame(await this.read(KINDS.exchange.fields, 'exchange', 'id'), [journal.exchange], 'exchange');
    t.strictSame(await this.read(KINDS.market.fields, 'markets', 'market'), [journal.market], 'markets');
    t.strictSame(await this.read(KINDS.balance.fields, 'balances', 'account, asset'), balances, 'balances');
    const orders = await this.read(KINDS.order.fields, 'orders', 'order_id');
    t.strictSame(orders, [...journal.orders.values()], 'orders');
    const keys = await this.read(KINDS.idempotencyKey.fields, 'idempotency_keys', 'ledger_id');
    t.strictSame(keys, journal.keys, 'idempotency keys');
    const trades = await this.read<MadeJournal['trades'][0]>(STORED_TRADE_FIELDS, 'trades', 'trade_id');
    t.strictSame(trades, journal.trades, 'trades');
    t.strictSame(
      await this.read(STORED_LEDGER_ENTRY_FIELDS, 'ledger', 'ledger_id'),
      journal.ledger,
      'ledger',
    );
    t.strictSame(await this.candles(), foldAll(trades), 'candles');
    const { rows } = await this.pool.query('SELECT sequence, state_hash, head FROM watermark');
    const { last, stateHash, head } = journal.batches.at(-1)!;
    t.strictSame(rows, [{ sequence: BigInt(last), state_hash: stateHash, head }], 'watermark');
  }

  private async read<T>(fields: Fields<T>, table: string, order: string): Promise<T[]> {
    const { rows } = await this.pool.query(`SELECT * FROM ${table} ORDER BY ${order}`);
    return rows.map(row => fromRow(fields, row));
  }

  /** By interval, oldest first. */
  private async candles(): Promise<Map<string, Candle[]>> {
    const { rows } = await this.pool.query<Record<string, unknown>>(
      'SELECT * FROM klines ORDER BY open_time',
    );
    const candles = new Map<string, Candle[]>(INTERVALS.map(interval => [interval, []]));
    for (const row of rows) candles.get(row.interval as string)!.push(candleFrom(row));
    return candles;
  }
}

function candleFrom(row: Record<string, unknown>): Candle {
  return {
    openTime: Number(row.open_time),
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    volume: row.volume as bigint,
    quoteVolume: row.quote_volume as bigint,
    trades: Number(row.trades),
    takerBuyVolume: row.taker_buy_volume as bigint,
    takerBuyQuoteVolume: row.taker_buy_quote_volume as bigint,
    firstTradeId: Number(row.first_trade_id),
    lastTradeId: Number(row.last_trade_id),
  };
}

/** Every trade added to each of its sixteen candles, one by one. */
function foldAll(trades: MadeJournal['trades']): Map<string, Candle[]> {
  const fold = (interval: (typeof INTERVALS)[number]): Candle[] => {
    const candles: Candle[] = [];
    for (const trade of trades) {
      const current = candles.at(-1);
      if (current?.openTime === openTime(interval, trade.time)) addTrade(current, trade);
      else candles.push(candleOf(interval, trade));
    }
    return candles;
  };
  return new Map(INTERVALS.map(interval => [interval, fold(interval)]));
}

/** A writer in this process; what it gives back stops it as SIGTERM does, between two transactions. */
function start(store: Store, pool = store.pool, journalLimitBytes = 1e9): () => Promise<void> {
  const stop = new AbortController();
  const redis = connectPatiently(redisAt(REDIS_URL));
  const patience = new Patience(log, stop.signal);
  const running = new Writer(
    { pool, redis, keys: store.keys, journalLimitBytes },
    patience,
    stop.signal,
  ).run();
  return async () => {
    stop.abort();
    await running;
    redis.disconnect();
  };
}

/** A writer as a process of its own; what it logs is collected. */
function spawnWriter(t: Test, store: Store): ChildProcess & { logged: string } {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, NAMESPACE: store.namespace, INSTANCE: 'db-writer', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const writer = Object.assign(child, { logged: '' });
  child.stdout.on('data', data => {
    writer.logged += String(data);
  });
  return writer;
}

/** Its exit code, or the signal that ended it. */
async function exitOf(child: ChildProcess): Promise<unknown> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  return child.exitCode ?? child.signalCode;
}

t.test('every kind has a table with exactly its columns and key', async t => {
  const store = await Store.create(t, 'columns');
  const columnsIn = async (table: string) => {
    const { rows } = await store.pool.query<{ name: string; type: string; nullable: boolean }>(
      `SELECT column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable
       FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY column_name`,
      [store.namespace, table],
    );
    return rows;
  };
  const expected = (fields: unknown) =>
    columnsOf(fields as Fields<unknown>)
      .map(({ name, type, nullable }) => ({ name, type, nullable }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  const keyIn = async (table: string) => {
    const { rows } = await store.pool.query<{ definition: string }>(
      `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
       WHERE conrelid = $1::regclass AND contype = 'p'`,
      [table],
    );
    return rows[0]?.definition;
  };
  for (const kind of ENTITY_KINDS) {
    const { table, fields, key } = KINDS[kind];
    t.strictSame(await columnsIn(table), expected(fields), table);
    const names = (key as readonly string[]).map(columnName);
    // A key of the whole would need the status, by which it is divided: each part has its own.
    for (const part of kind === 'order' ? ['open_orders', 'ended_orders'] : [table])
      t.equal(await keyIn(part), `PRIMARY KEY (${names.join(', ')})`, `${part}: key`);
  }
  t.strictSame(await columnsIn('trades'), expected(STORED_TRADE_FIELDS), 'trades');
  t.strictSame(await columnsIn('ledger'), expected(STORED_LEDGER_ENTRY_FIELDS), 'ledger');
});

t.test('migrations: again changes nothing, several at once wait for each other', async t => {
  const store = await Store.create(t, 'migrations');
  const applied = async () => (await store.pool.query('SELECT name, run_on FROM migrations')).rows;
  const before = await applied();
  await migrate(DATABASE_URL, store.namespace, log);
  t.strictSame(await applied(), before);
  await store.pool.query(`DROP SCHEMA ${store.namespace} CASCADE`);
  await Promise.all([1, 2, 3].map(() => migrate(DATABASE_URL, store.namespace, log)));
  t.equal((await applied()).length, before.length);
});

t.test('the orders of an older exchange are divided, and go on', async t => {
  const store = await Store.create(t, 'divided');
  const journal = new MadeJournal(7, 1000).add(40, 5);
  const [before, after] = [journal.batches.slice(0, 20), journal.batches.slice(20)];
  await store.push(before);
  const stop = start(store);
  await store.reached(before.at(-1)!.last);
  await stop();
  // As it stood before the division.
  await store.pool.query(`
    CREATE TABLE undivided (LIKE orders INCLUDING CONSTRAINTS);
    ALTER TABLE undivided ADD CONSTRAINT orders_pkey PRIMARY KEY (order_id);
    INSERT INTO undivided SELECT * FROM orders;
    DROP TABLE orders;
    ALTER TABLE undivided RENAME TO orders;
    CREATE INDEX orders_open ON orders (queue_place, order_id) WHERE status IN ('NEW', 'PARTIALLY_FILLED');
    CREATE INDEX orders_of_account ON orders (account, order_id);
    CREATE INDEX orders_by_client_order_id ON orders (account, client_order_id, order_id);
    DELETE FROM migrations WHERE name >= '0006'`);
  const reader = await store.pool.connect();
  await reader.query('BEGIN; SELECT FROM orders');
  const waiting = async (count: number) => {
    const sql = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'orders'::regclass`;
    await eventually(async () => (await reader.query(sql)).rowCount === count);
  };
  const migration = migrate(DATABASE_URL, store.namespace, log);
  await waiting(1);
  const loader = await store.pool.connect();
  const loading = beginSnapshot(loader);
  await waiting(2);
  await reader.query('COMMIT');
  await Promise.all([migration, loading]);
  const { rows } = await loader.query('SELECT count(*) FROM orders');
  t.ok(rows[0].count > 0n, 'whoever begins to look meanwhile sees them');
  await loader.query('COMMIT');
  for (const client of [reader, loader]) client.release();

  await store.push(after);
  const stopAgain = start(store);
  await store.reached(journal.last);
  await stopAgain();
  await store.check(t, journal);
});

t.test('no hand can break a promise in the tables', async t => {
  const store = await Store.create(t, 'checks');
  const journal = new MadeJournal(7, 1000).add(40, 5);
  await store.push(journal.batches);
  const stop = start(store);
  await store.reached(journal.last);
  await stop();
  const refused = `
    UPDATE balances SET available = -1 WHERE account > 1
    UPDATE balances SET locked = -1 WHERE account > 1
    UPDATE orders SET filled_quantity = quantity + 1, status = 'NEW'
    UPDATE orders SET status = 'FILLED', filled_quantity = 0
    UPDATE orders SET status = 'NEW', filled_quantity = quantity
    UPDATE orders SET quantity = NULL
    UPDATE orders SET quantity = NULL, quote_quantity = 5, filled_quote = 6, status = 'NEW'
    UPDATE orders SET price = 0
    UPDATE orders SET side = 'LONG'
    UPDATE trades SET price = 0
    UPDATE trades SET taker_order_id = maker_order_id
    UPDATE ledger SET balance_after = -1 WHERE account > 1
    UPDATE klines SET trades = trades + 1
    UPDATE klines SET low = high + 1
    UPDATE klines SET taker_buy_volume = volume + 1
    INSERT INTO watermark (sequence, state_hash, head, exchange_id, logic) VALUES (9, '', '', '', 1)
    INSERT INTO users (email, password_hash, role, created_at) VALUES ('A@b', '', 'USER', 0)
    INSERT INTO users (email, password_hash, role, created_at) VALUES ('a@b', '', 'ROOT', 0)`;
  for (const sql of refused.trim().split(/\n\s*/)) {
    await t.rejects(store.pool.query(sql), { code: /^23(514|505)$/ }, sql);
  }
  await store.pool.query('UPDATE balances SET available = -1 WHERE account = 1');
});

t.test('the first user has the first account', async t => {
  const store = await Store.create(t, 'users');
  const { rows } = await store.pool.query(
    `INSERT INTO users (email, password_hash, role, created_at) VALUES ('a@b', '', 'USER', 0) RETURNING user_id`,
  );
  t.strictSame(rows, [{ user_id: BigInt(FIRST_USER) }]);
});

for (const [name, longestPauseMs] of [
  ['dense', 20],
  ['sparse', 40 * 60_000],
] as const) {
  t.test(`rows and candles are exact, ${name} trades, written piece by piece`, async t => {
    const store = await Store.create(t, name);
    const journal = new MadeJournal(42, longestPauseMs);
    for (let piece = 0; piece < 12; piece++) {
      const before = journal.batches.length;
      journal.add(1 + piece * 8, 1 + piece * 2);
      await store.push(journal.batches.slice(before));
      const stop = start(store);
      // Stopped anywhere in the middle, and only now and then at the end.
      if (piece % 4 === 3) await store.reached(journal.last);
      else await sleep(piece * 3);
      await stop();
      const ends = [0, ...journal.batches.map(({ last }) => last)];
      t.ok(ends.includes(await store.watermark()), 'between two batches');
    }
    await store.check(t, journal);
  });
}

t.test('it waits for the first engine', async t => {
  const store = await Store.create(t, 'first');
  await store.pool.query('DELETE FROM watermark');
  await store.redis.del(store.keys.exchangeId);
  const journal = new MadeJournal(1, 1000).add(3, 3);
  await store.push(journal.batches);
  const stop = start(store);
  await sleep(50);
  await store.pool.query(
    `INSERT INTO watermark (sequence, state_hash, head, exchange_id, logic) VALUES (0, '', '', $1, 1)`,
    [EXCHANGE_ID],
  );
  await sleep(150);
  t.equal(await store.watermark(), 0, 'Redis does not say yet whose it is');
  await store.redis.set(store.keys.exchangeId, EXCHANGE_ID);
  await store.reached(journal.last);
  await stop();
  await store.check(t, journal);
});

t.test('two writers at once write everything once', async t => {
  const store = await Store.create(t, 'two');
  const other = createPool(DATABASE_URL, store.namespace, 1);
  t.teardown(() => other.end());
  const journal = new MadeJournal(3, 5000);
  const stops = [start(store), start(store, other)];
  for (let i = 0; i < 60; i++) {
    const before = journal.batches.length;
    journal.add(10, 4);
    await store.push(journal.batches.slice(before));
  }
  await store.reached(journal.last);
  await Promise.all(stops.map(stop => stop()));
  await store.check(t, journal);
});

t.test('a writer that was late finds its next entries trimmed, and goes on behind the other one', async t => {
  const store = await Store.create(t, 'late');
  const { pool, redis, keys } = store;
  const journal = new MadeJournal(6, 1000).add(3, 3);
  await store.push(journal.batches);
  const stop = start(store);
  await store.reached(journal.last);
  const from = (await readWatermark(pool))!;
  const before = journal.batches.length;
  const others = journal.add(5, 3).batches.slice(before);
  t.ok(await write(pool, from, fold(others)));
  const trimming = redis.multi();
  for (const batch of others) trimming.xadd(keys.journal, `${batch.last}-0`, ...toStreamFields(batch));
  await trimming.xtrim(keys.journal, 'MAXLEN', 1).exec();
  const next = journal.add(1, 3).batches.at(-1)!;
  await store.push([next]);
  await store.reached(journal.last);
  await stop();
  await store.check(t, journal);
});

t.test('a connection that says nothing any more is given up, and nothing is written twice', async t => {
  const store = await Store.create(t, 'silence');
  const proxy = await TcpProxy.start(DATABASE_URL);
  t.teardown(() => proxy.close());
  const url = new URL(DATABASE_URL);
  url.port = new URL(proxy.url).port;
  const pool = createPool(url.href, store.namespace, 1, 300);
  t.teardown(() => pool.end());
  const journal = new MadeJournal(4, 1000).add(3, 3);
  await store.push(journal.batches);
  const stop = start(store, pool);
  await store.reached(journal.last);
  proxy.mute(true);
  const before = journal.batches.length;
  journal.add(3, 3);
  await store.push(journal.batches.slice(before));
  await sleep(150);
  t.ok((await store.watermark()) < journal.last, 'nobody hears that the transaction has begun');
  proxy.mute(false);
  await store.reached(journal.last);
  await stop();
  await store.check(t, journal);
});

t.test(
  'connections that die, also with the answer to a COMMIT, leave neither a hole nor a double row',
  async t => {
    const store = await Store.create(t, 'outage');
    const pool = createPool(DATABASE_URL, store.namespace, 1);
    t.teardown(() => pool.end());
    let commits = 0;
    let dead = 0;
    let unanswered = 0;
    pool.on('connect', client => {
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      const faultyCommit = async (): Promise<unknown> => {
        commits++;
        if (commits % 4 === 2) {
          const { processID } = client as unknown as { processID: number };
          await store.pool.query('SELECT pg_terminate_backend($1)', [processID]);
          dead++;
        }
        const result = await query('COMMIT');
        if (commits % 4 === 0) throw new Error(`answer ${++unanswered} is lost`);
        return result;
      };
      // What is no commit may also be a stream, so it goes through as it is.
      const faulty = (...args: unknown[]) => (args[0] === 'COMMIT' ? faultyCommit() : query(...args));
      Object.assign(client, { query: faulty });
    });
    const journal = new MadeJournal(5, 5000).add(800, 4);
    const stop = start(store, pool);
    for (let next = 0; next < journal.batches.length; next += 40) {
      const end = Math.min(next + 40, journal.batches.length);
      await store.push(journal.batches.slice(next, end));
      await store.reached(journal.batches[end - 1]!.last);
    }
    await stop();
    t.ok(
      dead >= 3 && unanswered >= 3,
      `of ${commits} commits ${dead} died and ${unanswered} lost their answer`,
    );
    await store.check(t, journal);
  },
);

t.test('kill -9 in the middle of a backlog, again and again, then SIGTERM', async t => {
  const store = await Store.create(t, 'kill');
  const journal = new MadeJournal(9, 5000).add(6000, 6);
  await store.push(journal.batches);
  let killedAt = 0;
  for (let round = 0; round < 4; round++) {
    const writer = spawnWriter(t, store);
    while ((await store.watermark()) === killedAt) await sleep(1);
    writer.kill('SIGKILL');
    t.equal(await exitOf(writer), 'SIGKILL');
    killedAt = await store.watermark();
  }
  t.ok(killedAt < journal.last, `killed in the middle, the last time at ${killedAt} of ${journal.last}`);
  const writer = spawnWriter(t, store);
  await store.reached(journal.last);
  writer.kill('SIGTERM');
  t.equal(await exitOf(writer), 0, 'SIGTERM ends it with 0');
  await store.check(t, journal);
});

t.test('a fault of the program is no outage, and leaves nothing', async t => {
  const store = await Store.create(t, 'program');
  const { batches } = new MadeJournal(11, 1000).add(20, 4);
  const changes = fold(batches);
  const from = { sequence: 0, exchangeId: EXCHANGE_ID };
  const halfWritten = {
    ...changes.trades[0]!,
    get sequence(): number {
      throw new TypeError('no sequence');
    },
  };
  const faulty = { ...changes, trades: [...changes.trades, halfWritten] };
  await t.rejects(write(store.pool, from, faulty), new TypeError('no sequence'));
  t.equal(await store.watermark(), 0);
  t.ok(await write(store.pool, from, changes), 'and the same again without it');
  const { rows } = await store.pool.query('SELECT count(*) FROM trades');
  t.equal(Number(rows[0].count), changes.trades.length);
});

/** What is done to the two stores, and what the writer says when it exits with 1. */
const FAULTS: Record<string, { says: RegExp; harm: (store: Store, made: MadeJournal) => Promise<unknown> }> =
  {
    hole: {
      says: /hole in the journal: (\d+) is followed by (?!\1)\d+/,
      harm: (store, { batches }) => store.redis.xdel(store.keys.journal, `${batches[10]!.last}-0`),
    },
    lost_tail: {
      says: /the journal ends at \d+, before the watermark 100000/,
      harm: store => store.pool.query('UPDATE watermark SET sequence = 100000'),
    },
    other: {
      says: /Redis holds exchange another, Postgres an-exchange/,
      harm: store => store.redis.set(store.keys.exchangeId, 'another'),
    },
    no_time: {
      says: /entry 1 of the batch has no time/,
      harm: async (store, { batches }) => {
        await store.redis.del(store.keys.journal);
        await store.push(batches.map(batch => ({ ...batch, commands: Buffer.from(`now${batch.commands}`) })));
      },
    },
    lost_order: {
      says: /of \d+ open orders that have changed Postgres holds 0/,
      harm: async (store, { batches }) => {
        await write(store.pool, { sequence: 0, exchangeId: EXCHANGE_ID }, fold(batches.slice(0, 10)));
        await store.pool.query('DELETE FROM open_orders');
      },
    },
    double: {
      says: /duplicate key value violates unique constraint/,
      harm: store =>
        store.pool.query(
          `INSERT INTO trades VALUES ('BTC_USDT', 1, 1, 1, 1, 1, true, 1, 1, 0, 2, 2, 0, 0, 0)`,
        ),
    },
  };

for (const [name, { says, harm }] of Object.entries(FAULTS)) {
  t.test(`what no waiting mends ends the process: ${name}`, async t => {
    const store = await Store.create(t, name);
    const journal = new MadeJournal(11, 1000).add(20, 4);
    await store.push(journal.batches);
    await harm(store, journal);
    const writer = spawnWriter(t, store);
    t.equal(await exitOf(writer), 1);
    t.match(writer.logged, says);
  });
}

t.test('the journal is trimmed behind the watermark less a margin', async t => {
  const store = await Store.create(t, 'trim');
  const size = 100;
  const commands = Buffer.from(encodeCommands(Array(size).fill({ time: 1, deadline: 1, entry: '' })));
  const events = ascii(
    JSON.stringify(Array(size).fill([encodeEvent({ kind: 'REFUSED', body: { code: 'BAD_FIELD' } })])),
  );
  const batch = (_: unknown, i: number): JournalBatch => {
    const first = i * size + 1;
    const last = first + size - 1;
    return {
      logic: LOGIC,
      head: `1:${i}`,
      first,
      last,
      end: i * 1000,
      commands,
      events,
      images: ascii('[]'),
      stateHash: '',
    };
  };
  await store.push(Array.from({ length: 1200 }, batch));
  const stop = start(store, store.pool, 1_600_000);
  const oldest = async () =>
    Number((await store.redis.xrange(store.keys.journal, '-', '+', 'COUNT', 1))[0]![0].split('-')[0]);
  await eventually(async () => (await oldest()) > 75_000);
  await stop();
  t.ok((await oldest()) <= 80_000, `of 120,000 a quarter of the limit is kept, from ${await oldest()} on`);
});

t.test('it says loudly that Postgres is not durable', async t => {
  const said: string[] = [];
  const listening = { error: (_: object, message: string) => said.push(message) } as unknown as typeof log;
  const lax = new pg.Pool({ connectionString: DATABASE_URL, options: '-c synchronous_commit=off' });
  t.teardown(() => lax.end());
  await checkPostgresDurability(lax, listening);
  t.match(said.join('\n'), /synchronous_commit is "off"; unless it is "on" nobody promises/);
});
