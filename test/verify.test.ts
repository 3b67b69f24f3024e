/**
 * `npm run verify` on an exchange that has traded: it is found whole while it runs and when it is stopped, and whatever
 * is done to its data by hand is found by the checks that it contradicts.
 */
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { type Check, verifyExchange } from '../scripts/verification/verify.js';
import type { Stack } from './stack.js';
import { run, trade, traded } from './traded-stack.js';

const VERIFY = fileURLToPath(new URL('../scripts/verify.js', import.meta.url));

function storesOf({ namespace }: Stack) {
  return { redisUrl: process.env.REDIS_URL!, databaseUrl: process.env.DATABASE_URL!, namespace };
}

async function checksOf(stack: Stack): Promise<Check[]> {
  const checks: Check[] = [];
  for await (const check of verifyExchange(storesOf(stack))) checks.push(check);
  return checks;
}

async function assertWhole(t: Test, stack: Stack, message: string): Promise<void> {
  const checks = await checksOf(stack);
  t.ok(checks.length > 10, 'checks are made');
  t.same(
    checks.filter(({ ok }) => !ok),
    [],
    message,
  );
}

/** The names of the checks that fail. */
async function failuresOf(stack: Stack): Promise<string[]> {
  return (await checksOf(stack)).filter(({ ok }) => !ok).map(({ name }) => name);
}

t.test('an exchange is whole while it runs, and ahead of Postgres', async t => {
  const { stack, buyer, seller } = await traded(t);
  const orders = (async () => {
    for (let i = 0; i < 20; i++) await trade(stack, buyer, seller);
  })();
  await assertWhole(t, stack, 'in the middle of orders');
  await orders;

  await stack.settled();
  await stack.stop('db-writer');
  await trade(stack, buyer, seller);
  const { code, stdout } = await run(VERIFY, [], { NAMESPACE: stack.namespace });
  t.match(
    stdout,
    /^ok {6}replay: \d+ batches with 6 commands/m,
    'with a journal that Postgres has not all of',
  );
  t.match(stdout, /^ok {6}checkpoint: at sequence \d+ .*^whole: \d+ checks ok$/ms);
  t.equal(code, 0);
});

t.test('each harm to Postgres is found by the checks that it contradicts', async t => {
  const { stack, buyer } = await traded(t);
  await stack.stop('api', 'engine', 'db-writer');
  const harms: [harm: string, repair: string, failures: string[]][] = [
    [
      `UPDATE balances SET available = available + 1 WHERE account = ${buyer.userId} AND asset = 'USDT'`,
      `UPDATE balances SET available = available - 1 WHERE account = ${buyer.userId} AND asset = 'USDT'`,
      ['checkpoint', 'replay', 'journal and state', 'balances sum to zero', 'ledger and balances'],
    ],
    [
      `UPDATE orders SET filled_quantity = filled_quantity - 1 WHERE status = 'EXPIRED'`,
      `UPDATE orders SET filled_quantity = filled_quantity + 1 WHERE status = 'EXPIRED'`,
      ['journal and state', 'orders and their fills'],
    ],
    [
      `UPDATE orders SET status = 'CANCELED' WHERE order_id = (SELECT min(order_id) FROM orders)`,
      `UPDATE orders SET status = 'PARTIALLY_FILLED' WHERE order_id = (SELECT min(order_id) FROM orders)`,
      ['checkpoint', 'replay', 'journal and state', 'orders and their status'],
    ],
    [
      `CREATE TABLE twice AS SELECT * FROM orders WHERE order_id = (SELECT min(order_id) FROM orders);
       UPDATE twice SET status = 'CANCELED', queue_place = 0;
       INSERT INTO orders SELECT * FROM twice`,
      `DELETE FROM ended_orders USING twice WHERE ended_orders.order_id = twice.order_id; DROP TABLE twice`,
      ['journal and state', 'orders are there once'],
    ],
    [
      `CREATE TABLE kept AS SELECT * FROM trades WHERE trade_id = 2; DELETE FROM trades WHERE trade_id = 2`,
      `INSERT INTO trades SELECT * FROM kept; DROP TABLE kept`,
      ['journal and history', 'trades without gaps', 'orders and their fills', 'candles and trades'],
    ],
    [
      `UPDATE trades SET quantity = quantity + 1 WHERE trade_id = 2`,
      `UPDATE trades SET quantity = quantity - 1 WHERE trade_id = 2`,
      ['journal and history', 'trades and their orders', 'orders and their fills'],
    ],
    [
      `UPDATE ledger SET amount = amount + 1 WHERE ledger_id = 1`,
      `UPDATE ledger SET amount = amount - 1 WHERE ledger_id = 1`,
      ['journal and history', 'ledger and balances', 'ledger entries follow one another', 'ledger sets'],
    ],
    [
      `UPDATE ledger SET balance_after = balance_after + 1 WHERE type = 'FEE'`,
      `UPDATE ledger SET balance_after = balance_after - 1 WHERE type = 'FEE'`,
      ['journal and history', 'ledger entries follow one another'],
    ],
    [
      `UPDATE klines SET quote_volume = quote_volume + 1 WHERE interval = '1w'`,
      `UPDATE klines SET quote_volume = quote_volume - 1 WHERE interval = '1w'`,
      ['candles and trades'],
    ],
    [
      `UPDATE watermark SET head = head || '0'`,
      `UPDATE watermark SET head = left(head, -1)`,
      ['journal without gaps'],
    ],
  ];
  for (const [harm, repair, failures] of harms) {
    await stack.pool.query(harm);
    t.same(await failuresOf(stack), failures, harm);
    if (harm.startsWith('UPDATE klines')) {
      const { code, stdout } = await run(VERIFY, [], { NAMESPACE: stack.namespace });
      t.match(stdout, /^FAILED {2}candles and trades: ADA_USDT 1w at .*^1 of \d+ checks FAILED$/ms);
      t.equal(code, 1);
    }
    await stack.pool.query(repair);
  }
  await assertWhole(t, stack, 'and all is as it was');
});

type Entry = [id: string, fields: string[]];

/** Puts a journal of these entries into the place of the one that is there. */
async function writeJournal({ redis, keys }: Stack, entries: readonly Entry[]): Promise<void> {
  await redis.del(keys.journal);
  for (const [id, fields] of entries) await redis.xadd(keys.journal, id, ...fields);
}

/** The entries with the lots of a trade changed, the first or the last one. */
function withAnotherTrade(entries: readonly Entry[], which: 'find' | 'findLast'): Entry[] {
  const changed = structuredClone(entries) as Entry[];
  const fields = changed[which](([, fields]) => fields.some(text => text.includes('"TRADE"')))![1];
  const place = fields.indexOf('events') + 1;
  fields[place] = fields[place]!.replace(/("TRADE","ADA_USDT",\d+,\d+,)(\d)/, (_, before, digit) => {
    return `${before}${(Number(digit) % 9) + 1}`;
  });
  return changed;
}

t.test('each harm to Redis is found by the checks that it contradicts', async t => {
  const { stack, buyer, seller } = await traded(t);
  await stack.stop('db-writer');
  await trade(stack, buyer, seller);
  await stack.stop('api', 'engine');
  const { redis, keys } = stack;
  const entries = await redis.xrange(keys.journal, '-', '+');
  const middle = Math.floor(entries.length / 4);
  const without = (place: number) => entries.filter((_, index) => index !== place);
  const harms: [name: string, journal: Entry[], failures: string[]][] = [
    ['an entry is missing', without(middle), ['replay from nothing', 'journal without gaps']],
    [
      'an entry after the watermark is missing',
      without(entries.length - 3),
      ['replay', 'journal without gaps'],
    ],
    [
      'the tail is lost',
      entries.slice(0, middle),
      ['replay from nothing', 'journal without gaps', 'journal and state'],
    ],
    [
      'an event is another',
      withAnotherTrade(entries, 'find'),
      ['replay from nothing', 'journal and history'],
    ],
    ['an event after the watermark is another', withAnotherTrade(entries, 'findLast'), ['replay']],
  ];
  for (const [name, journal, failures] of harms) {
    await writeJournal(stack, journal);
    t.same(await failuresOf(stack), failures, name);
  }
  await writeJournal(stack, entries);
  const head = await redis.getset(keys.head, '1:1');
  t.same(await failuresOf(stack), ['Redis'], 'the head is an old one');
  await redis.set(keys.head, head!);
  await assertWhole(t, stack, 'and all is as it was');
});
