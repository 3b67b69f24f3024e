/**
 * `npm run conformance -- <file.bin|file.bin.br>… [--cases <file.json>]`: the exchange's order book on the public
 * matching-engine benchmark (github.com/flash1-dev/matching-engine-benchmark).
 *
 * Each workload is one line on stdout: the hash of its report text, by which engines are compared, and the speed.
 * `--cases` plays small cases, which are not measured, and prints every difference and a summary. What is under way is
 * said on stderr. Exits with 1 on any difference, and on what cannot be played, which one line on stderr names.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { exitWith, Refusal } from '../scripts/running/refusal.js';
import { differencesOf, readCases } from './conformance/cases.js';
import { measured } from './conformance/runs.js';

const USAGE = 'Usage: npm run conformance -- <file.bin|file.bin.br>… [--cases <file.json>]';
const KNOWN_HASHES = 'correctness_hash.txt';

/** We end only by ourselves, since what was unpacked has to be removed. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => interruption.abort(new Refusal(`interrupted by ${signal}.`)));
}

try {
  const { files, cases } = readArguments();
  if (cases !== undefined) await aboutFile(cases, () => check(cases));
  for (const file of files) await aboutFile(file, () => measure(file));
} catch (error) {
  exitWith(error);
}

function readArguments(): { files: string[]; cases: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { cases: { type: 'string' } },
    });
    if (positionals.length > 0 || values.cases !== undefined) {
      return { files: positionals, cases: values.cases };
    }
  } catch (error) {
    throw new Refusal(`${(error as Error).message} ${USAGE}`);
  }
  throw new Refusal(USAGE);
}

/** A refusal begins with the file's name. */
async function aboutFile(file: string, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(`${file}: ${error.message}`) : error;
  }
}

function check(file: string): void {
  const cases = readCases(file);
  let asExpected = 0;
  for (const known of cases) {
    const differences = differencesOf(known);
    for (const difference of differences) console.log(`${known.name}: ${difference}`);
    if (differences.length === 0) asExpected++;
  }
  console.log(`${cases.length} cases, ${asExpected} as expected`);
  if (asExpected < cases.length) process.exitCode = 1;
}

async function measure(file: string): Promise<void> {
  const say = (progress: string) => console.error(`${file}: ${progress}`);
  const result = await measured(file, interruption.signal, say);
  const known = knownHash(file);
  if (known !== null) say(`${known === result.sha256 ? 'the' : 'not the'} hash in ${KNOWN_HASHES}`);
  console.log(
    `${file} messages=${result.messages} sha256=${result.sha256} firstPassMps=${result.firstPassMps.toFixed(2)} ` +
      `warmMps=${result.warmMps.toFixed(2)} restingAtEnd=${result.restingAtEnd}`,
  );
}

/** What the list beside a workload such as `normal.bin.br` says of `normal_…`; null where it says nothing. */
function knownHash(file: string): string | null {
  const list = join(dirname(file), KNOWN_HASHES);
  if (!existsSync(list)) return null;
  const scenario = basename(file).replace(/\.bin(\.br)?$/, '');
  const entries = readFileSync(list, 'utf8')
    .split('\n')
    .map(line => line.split(/\s+/));
  return entries.find(([, name]) => name?.startsWith(`${scenario}_`))?.[0] ?? null;
}
