/** The benches as their users start them: the cheapest suite in its shortest form, and a short load on an exchange. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { limitNote } from '../bench/load/generators.js';
import { pageOf } from '../bench/page/page.js';
import { readResults } from '../bench/page/results.js';
import { PASSWORD, startStack } from './stack.js';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const BENCH = pathOf('bench/bench');

function pathOf(script: string): string {
  return fileURLToPath(new URL(`../${script}.js`, import.meta.url));
}

const run = (script: string, args: string[], env: NodeJS.ProcessEnv = {}) =>
  promisify(execFile)(process.execPath, [pathOf(script), ...args], { env: { ...process.env, ...env } });

/** Of a process, and theirs; one that ends while it is looked at has none. */
function childrenOf(pid: number): number[] {
  return readChildren(pid).flatMap(child => [child, ...childrenOf(child)]);
}

function readChildren(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch (error) {
    if (/^(ENOENT|ESRCH)$/.test((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`);
}

t.test('a load generator says so where it was the limit', async t => {
  t.same(limitNote('it was', [{ busiest: 0.3 }, { busiest: 0.91 }]), ['it was the limit (91 % of a core)']);
  t.same(limitNote('it was', [{ busiest: 0.3 }, { busiest: 0.89 }]), []);
});

t.test('a row has its floor, and what was counted was done', async t => {
  const { stdout } = await run('bench/bench', ['--suite', 'pipeline', '--seconds', '0.2', '--json']);
  const results = readResults(stdout);
  t.match(results.run, { cores: Number, versions: { Node: process.version.slice(1), Redis: String } });
  const [{ suite, rows, remarks }] = results.suites as [(typeof results.suites)[number]];
  t.equal(rows.length, 1);
  const [{ unit, value, floor, ratio, goal }] = rows as [(typeof rows)[number]];
  t.strictSame([suite, unit], ['pipeline', 'commands/s']);
  t.ok(value > 0 && floor! > 0 && ratio! > 0);
  t.equal(goal!.met, ratio! >= 0.75);
  const done = /40,000 commands in the journal: 35.0 % traded, 30.0 % canceled what rested, none refused/;
  t.match(remarks.join('\n'), done);
  t.match(remarks.join('\n'), /appendfsync always/);
});

t.test('after Ctrl-C nothing runs that a bench has started', async t => {
  const bench = spawn(process.execPath, [BENCH, '--suite', 'pipeline'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines = createInterface(bench.stderr);
  const said: string[] = [];
  await new Promise<void>(resolve => {
    lines.on('line', line => {
      said.push(line);
      if (line === 'pipeline: the list is filled') resolve();
    });
  });
  const started = childrenOf(bench.pid!);
  t.ok(started.length > 3, 'Redis, Postgres with its children, an engine');
  bench.kill('SIGINT');
  t.strictSame(await once(bench, 'exit'), [1, null]);
  t.strictSame(started.filter(isRunning), []);
  t.equal(said.at(-1), 'Interrupted by SIGINT.');
});

t.test('the page and its plots are those of the results beside them', async t => {
  const { markdown, plots } = pageOf(
    readResults(readFileSync(`${DOCS}benchmarks/results.jsonl`, 'utf8')),
    'benchmarks',
  );
  t.equal(markdown, readFileSync(`${DOCS}BENCHMARKS.md`, 'utf8'));
  for (const [file, svg] of plots)
    t.ok(
      svg === readFileSync(`${DOCS}benchmarks/${file}`, 'utf8'),
      `${file} is what npm run bench:page makes`,
    );
  t.throws(() => readResults('{"suite":"http","case":"1"'), /Line 1 is not JSON/);
  t.throws(() => readResults('{"suite":"none","case":"1"}'), /no suite none/);
  t.throws(() => readResults('{"suite":"http","seconds":1,"remarks":[]}'), /first line of a run is missing/);
});

t.test('an unknown suite is refused with the known ones', async t => {
  await t.rejects(run('bench/bench', ['--suite', 'none']), {
    code: 1,
    stderr: /There is no suite none\..*pipeline/,
  });
});

t.test('a load is told what is wrong with it', async t => {
  await t.rejects(run('scripts/load', ['--rate', 'fast']), {
    code: 1,
    stderr: /^--rate is 1 to 100,000 .*"fast"/,
  });
  await t.rejects(run('scripts/load', ['--speed', '1']), { code: 1, stderr: /^Unknown option '--speed'/ });
  const nobody = { ADMIN_PASSWORD: PASSWORD };
  await t.rejects(run('scripts/load', ['--url', 'http://127.0.0.1:1'], nobody), {
    code: 1,
    stderr: /^http:\/\/127.0.0.1:1 does not let the administrator in: connect ECONNREFUSED/,
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
