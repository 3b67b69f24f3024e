/**
 * `npm run verify` and `npm run journal` on an exchange that has traded: it is found whole while it runs and when it is
 * stopped, and whatever is done to its data by hand is found by the check that it contradicts.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { freePort } from '../scripts/running/ports.js';
import { type Check, verifyExchange } from '../scripts/verification/verify.js';
import { type Stack, startStack, type TestUser } from './stack.js';

const VERIFY = fileURLToPath(new URL('../scripts/verify.js', import.meta.url));
const JOURNAL = fileURLToPath(new URL('../scripts/journal.js', import.meta.url));
const START = fileURLToPath(new URL('../scripts/start.js', import.meta.url));

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

async function place(stack: Stack, { token }: TestUser, order: Record<string, string>): Promise<void> {
  const body = { market: 'ADA_USDT', type: 'LIMIT', ...order };
  const answer = await stack.request('POST', '/api/v1/order', { token, body });
  if (answer.status !== 201) throw new Error(`order: ${answer.status} ${JSON.stringify(answer.body)}`);
}

/** Fills of every kind: whole, in part and still open, in part and expired; and what is just open. */
async function trade(stack: Stack, buyer: TestUser, seller: TestUser): Promise<void> {
  await place(stack, buyer, { side: 'BUY', quantity: '10', price: '1.9' });
  await place(stack, seller, { side: 'SELL', quantity: '10', price: '2' });
  await place(stack, seller, { side: 'SELL', quantity: '1', price: '1.9' });
  await place(stack, buyer, { side: 'BUY', quantity: '12', price: '2', timeInForce: 'IOC' });
  await place(stack, buyer, { side: 'BUY', quantity: '5', price: '1.5' });
  await place(stack, seller, { type: 'MARKET', side: 'SELL', quoteQuantity: '3' });
}

async function traded(t: Test): Promise<{ stack: Stack; buyer: TestUser; seller: TestUser }> {
  const stack = await startStack(t);
  const token = await stack.admin();
  const body = { makerFee: '0.001', takerFee: '0.002' };
  const { status } = await stack.request('PATCH', '/api/v1/admin/markets/ADA_USDT', { token, body });
  t.equal(status, 200, 'fees are set');
  const buyer = await stack.trader({ USDT: '1000' });
  const seller = await stack.trader({ ADA: '500' });
  await trade(stack, buyer, seller);
  await stack.settled();
  return { stack, buyer, seller };
}

type Run = { code: number; stdout: string; stderr: string };

async function run(script: string, args: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, ...args], {
      env: { ...process.env, ...env },
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Run;
  }
}

t.test('an exchange is whole while it runs, and ahead of Postgres', async t => {
  const { stack, buyer, seller } = await traded(t);
  const orders = (async () => {
    for (let i = 0; i < 20; i++) await trade(stack, buyer, seller);
  })();
  await assertWhole(t, stack, 'in the middle of orders');
  await orders;

  await stack.stop('db-writer');
  await trade(stack, buyer, seller);
  await assertWhole(t, stack, 'with a journal that Postgres has not all of');
  const replay = (await checksOf(stack)).find(({ name }) => name === 'replay')!;
  t.match(replay.detail, /with 6 commands/);
  const { code, stdout } = await run(VERIFY, [], { NAMESPACE: stack.namespace });
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
    ['the tail is lost', entries.slice(0, middle), ['replay', 'replay from nothing', 'journal without gaps']],
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

t.test('the journal can be read', async t => {
  const { stack, buyer } = await traded(t);
  const journal = (...args: string[]) => run(JOURNAL, args, { NAMESPACE: stack.namespace });
  const { stdout: all } = await journal('--from', '1');
  const [, sequence] = all
    .match(/^ {2}(\d+) .* PLACE_ORDER .* quantity=1\.0 price|^ {2}(\d+) .*side=SELL.*price=1\.9000/m)!
    .filter((_, index) => index === 0 || index > 0)
    .filter(text => text !== undefined);
  const { stdout } = await journal('--from', sequence!, '--to', sequence!, '--images');
  const [batch, command, ...rest] = stdout.trimEnd().split('\n');
  t.match(
    batch,
    /^batch \d+ to \d+ {2}head 1:\d+ {2}logic \d+ {2}\d{4}-.*Z {2}\d+ bytes {2}hash [0-9a-f]{16}$/,
  );
  t.match(
    command,
    /^ {2}\d+ {2}\d{4}-\d\d-\d\dT.*Z {2}PLACE_ORDER account=\d+ market=ADA_USDT .*side=SELL type=LIMIT/,
  );
  t.match(command, / price=1\.9000 quantity=1\.0$/);
  t.match(rest[0], /^ {4}ORDER_PLACED orderId=\d+ account=\d+ market=ADA_USDT$/);
  t.match(
    rest[1],
    /^ {4}TRADE market=ADA_USDT tradeId=1 price=1\.9000 quantity=1\.0 baseAmount=1\.000000 quoteAmount=1\.90000000 /,
  );
  t.match(rest[1], / makerFee=0\.001000 .*takerFeeAfter=0\.00380000 makerFeeAfter=0\.001000/);
  t.ok(
    rest.some(line =>
      line.startsWith(`  after  balance account=${buyer.userId} asset=ADA available=0.999000`),
    ),
  );

  const { stdout: newest } = await journal();
  t.equal(newest.split('\n').filter(line => /^ {2}\d/.test(line)).length, 12, 'the last commands, here all');
  t.match(
    (await journal('--from', '1', '--to', '5000')).stdout,
    /^The journal holds the sequences 1 to \d+\.\n/,
  );
  t.match(await journal('--from', '-1'), { code: 1, stderr: /^--from is the sequence of a command/ });
});

t.test('the reader of a journal may leave', async t => {
  const { stack } = await traded(t);
  const child = spawn(process.execPath, [JOURNAL, '--from', '1'], {
    env: { ...process.env, NAMESPACE: stack.namespace },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let complaint = '';
  child.stderr.on('data', data => {
    complaint += data;
  });
  t.same(await once(child, 'close'), [0, null]);
  t.equal(complaint, '');
});

t.test('the servers of a DATA_DIR are found while they run, and started where they do not', async t => {
  const folder = t.testdir();
  const env = {
    REDIS_URL: '',
    DATABASE_URL: '',
    DATA_DIR: join(folder, 'data'),
    PORT: `${await freePort()}`,
  };
  const none = await run(VERIFY, [], env);
  t.match(none, { code: 1, stderr: /^There is no exchange in .*data: name its folder by DATA_DIR/ });
  t.notOk(existsSync(env.DATA_DIR), 'nothing is made where nothing is');

  const exchange = spawn(process.execPath, [START], { env: { ...process.env, ...env } });
  await said(exchange, /takes orders/);
  const addresses = join(env.DATA_DIR, 'run', 'servers.json');
  t.equal(statSync(addresses).mode & 0o777, 0o600);
  t.match(await run(VERIFY, [], env), { code: 0, stdout: /checks ok/ });
  exchange.kill('SIGTERM');
  await once(exchange, 'exit');
  t.notOk(existsSync(addresses), 'they are forgotten at the end');

  t.match(await run(VERIFY, [], env), { code: 0, stdout: /checks ok/ });
  t.match(await run(JOURNAL, [], env), {
    code: 0,
    stdout: /CREATE_MARKET market=ADA_USDT .*minNotional=1\.00000000/,
  });
  t.notOk(
    existsSync(join(env.DATA_DIR, 'postgres', 'cluster', 'postmaster.pid')),
    'and they are stopped again',
  );
});

async function said(child: ChildProcess, words: RegExp): Promise<void> {
  let output = '';
  for await (const data of child.stdout!) {
    output += data;
    if (words.test(output)) return;
  }
  throw new Error(`it ended with ${output}`);
}
