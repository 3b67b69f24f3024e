/**
 * `npm test [-- <part of a file's name> …]`: every compiled test, on a Redis and a Postgres of its own.
 *
 * Guarantees: the last line is `N passed, N failed`; the exit code is 0 only when something ran and nothing failed; the
 * servers and their folder are gone at the end, also after Ctrl-C. How much of each source file the tests of the core have
 * run is in .tap/report/coverage-summary.json.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CORE_TESTS } from './core-tests.js';
import { startPrivatePostgres } from './running/private-postgres.js';
import { startPrivateRedis } from './running/private-redis.js';
import type { PrivateServer } from './running/private-server.js';
import { sendSignal } from './running/program.js';
import { exitWith, Refusal } from './running/refusal.js';
import { TapReport } from './tap-report.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** We end only by ourselves, since the servers have to be stopped. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => interruption.abort(new Refusal(`Interrupted by ${signal}.`)));
}

try {
  process.exitCode = await test(testFiles(process.argv.slice(2)));
} catch (error) {
  exitWith(error);
}

function testFiles(filters: string[]): string[] {
  const files = readdirSync(join(ROOT, 'dist', 'test'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.test.js'))
    .filter(file => filters.length === 0 || filters.some(filter => file.includes(filter)))
    .map(file => join('dist', 'test', file))
    .sort();
  if (files.length === 0) {
    throw new Refusal(`There is no test file whose name contains ${filters.join(' or ') || '.test.ts'}.`);
  }
  return files;
}

async function test(files: string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  const servers: PrivateServer[] = [];
  const report = new TapReport(line => console.log(line));
  let exitCode = 1;
  try {
    const redis = await startPrivateRedis(join(folder, 'redis'), join(folder, 'redis.log'));
    servers.push(redis);
    const postgres = await startPrivatePostgres(join(folder, 'postgres'), join(folder, 'postgres.log'));
    servers.push(postgres);
    exitCode = await runAll(files, { REDIS_URL: redis.url, DATABASE_URL: postgres.url }, report);
  } finally {
    await Promise.all(servers.map(server => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
  const { passed, failed } = report.counts;
  console.log(`${passed} passed, ${failed} failed`);
  return exitCode === 0 && failed === 0 && passed > 0 ? 0 : 1;
}

/** Counting what is run costs a quarter of the processor's time, so it is done only where it is asked for. */
async function runAll(files: string[], env: NodeJS.ProcessEnv, report: TapReport): Promise<number> {
  const isOfCore = (file: string) => CORE_TESTS.includes(basename(file, '.test.js'));
  const others = await runTap(
    files.filter(file => !isOfCore(file)),
    ['--disable-coverage'],
    env,
    report,
  );
  const ofCore = await runTap(files.filter(isOfCore), [], env, report);
  return Math.max(others, ofCore);
}

/** Its settings are in .taprc. */
async function runTap(
  files: string[],
  options: string[],
  env: NodeJS.ProcessEnv,
  report: TapReport,
): Promise<number> {
  if (files.length === 0) return 0;
  interruption.signal.throwIfAborted();
  const tap = join(ROOT, 'node_modules', '.bin', 'tap');
  const child = spawn(process.execPath, [tap, '--reporter=tap', ...options, ...files], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  // To its whole process group, so that the tests end too.
  interruption.signal.addEventListener('abort', () => sendSignal(-(child.pid as number), 'SIGTERM'));
  createInterface(child.stdout).on('line', line => report.readLine(line));
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}
