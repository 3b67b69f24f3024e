/** The benches as their users start them: the cheapest suite in its shortest form, and a short load on an exchange. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { PASSWORD, startStack } from './stack.js';

const run = (script: string, args: string[], env: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL(`../${script}.js`, import.meta.url)), ...args],
    {
      env: { ...process.env, ...env },
    },
  );

t.test('a row has its floor, and what was counted was done', async t => {
  const { stdout, stderr } = await run('bench/bench', ['--suite', 'pipeline', '--seconds', '0.2', '--json']);
  const rows = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  t.equal(rows.length, 1);
  const [{ suite, unit, value, floor, ratio, goal }] = rows;
  t.strictSame([suite, unit], ['pipeline', 'commands/s']);
  t.ok(Math.abs(ratio - value / floor) < 0.01);
  t.equal(goal.met, ratio >= 0.75);
  t.match(stderr, /40,000 commands in the journal: 35.0 % traded, 30.0 % canceled what rested, none refused/);
  t.match(stderr, /appendfsync always/);
});

t.test('an unknown suite is refused with the known ones', async t => {
  await t.rejects(run('bench/bench', ['--suite', 'none']), {
    code: 1,
    stderr: /There is no suite none\..*pipeline/,
  });
});

t.test('a load leaves nothing behind, and Postgres holds what it has counted', async t => {
  const stack = await startStack(t);
  const args = ['--rate', '500', '--minutes', '0.03', '--url', stack.url];
  const { stdout } = await run('scripts/load', args, {
    ADMIN_EMAIL: 'admin@localhost',
    ADMIN_PASSWORD: PASSWORD,
  });
  t.match(stdout, /35.0 % came to rest, 35.0 % traded, 30.0 % canceled what rested/);
  t.notMatch(stdout, / times /);
  await stack.settled();
  const { rows } = await stack.pool.query(`
    SELECT count(*) FILTER (WHERE status IN ('NEW', 'PARTIALLY_FILLED'))::int AS open, count(*)::int AS orders,
      (SELECT count(*)::int FROM trades) AS trades
    FROM orders`);
  t.equal(rows[0].open, 0);
  t.ok(rows[0].trades > 0);
  t.equal(rows[0].orders, 2 * rows[0].trades, 'half of the orders were there to trade');
});
