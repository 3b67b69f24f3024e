/**
 * `npm run journal`: what it prints can be read; and where a command finds the servers of an exchange.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { freePort } from '../scripts/running/ports.js';
import { run, trade, traded } from './traded-stack.js';

const JOURNAL = fileURLToPath(new URL('../scripts/journal.js', import.meta.url));
const VERIFY = fileURLToPath(new URL('../scripts/verify.js', import.meta.url));
const START = fileURLToPath(new URL('../scripts/start.js', import.meta.url));

t.test('the journal can be read', async t => {
  const { stack, buyer, seller } = await traded(t);
  await trade(stack, buyer, seller);
  const journal = (...args: string[]) => run(JOURNAL, args, { NAMESPACE: stack.namespace });
  const { stdout: all } = await journal('--from', '1');
  const [, sequence] = /^ {2}(\d+) .* side=SELL .* price=1\.9000 /m.exec(all)!;
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
  t.equal(newest.split('\n').filter(line => /^ {2}\d/.test(line)).length, 20, 'the last commands');
  t.match(
    (await journal('--from', '1', '--to', '5000')).stdout,
    /^The journal holds the sequences 1 to \d+\.\n/,
  );
  t.match(await journal('--from', '0'), { code: 1, stderr: /^--from is the sequence of a command/ });
  t.match(await journal('--since', '1'), { code: 1, stderr: /^Unknown option '--since'/ });

  const child = spawn(process.execPath, [JOURNAL, '--from', '1'], {
    env: { ...process.env, NAMESPACE: stack.namespace },
  });
  child.stdout.destroy();
  let complaint = '';
  child.stderr.on('data', data => {
    complaint += data;
  });
  t.same(await once(child, 'close'), [0, null], 'its reader may leave');
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
  t.teardown(() => exchange.kill('SIGTERM'));
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

/** Waits until it has said these words. */
function said(child: ChildProcess, words: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout!.on('data', data => {
      output += data;
      if (words.test(output)) resolve();
    });
    child.once('exit', () => reject(new Error(`it ended with ${output}`)));
  });
}
