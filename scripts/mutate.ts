/**
 * `npm run mutate [-- <part of a fault's name> …]`: puts one fault at a time into a copy of the core and asks the
 * core's tests to find it. What the tests do not find they do not prove.
 *
 * Guarantees: the working tree is not touched; the exit code is 0 only when the tests pass without a fault, each fault
 * (mutate/faults.ts) stands exactly once in its file, and each is found.
 */
import { availableParallelism } from 'node:os';
import { CORE_TESTS } from './core-tests.js';
import { FAULTS, type Fault } from './mutate/faults.js';
import { sourceOf, TreeCopy } from './mutate/tree-copy.js';
import { exitWith, Refusal } from './running/refusal.js';

/** The first that fails ends the search, so the two slowest come last. */
const TESTS = [...CORE_TESTS, 'memory', 'determinism'];

/** Without a fault a test has this long; with one it has several times what it took then. */
const LIMIT_MS = 180_000;
const PATIENCE = 4;
const START_MS = 5000;
const MAX_COPIES = 4;

interface Finding {
  fault: Fault;
  /** `<test file>: <test>`; undefined where all tests passed. */
  foundBy: string | undefined;
}

const copies = Array.from({ length: Math.min(MAX_COPIES, availableParallelism()) }, () => new TreeCopy());
process.on('exit', () => {
  for (const copy of copies) copy.remove();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => exitWith(new Refusal(`Interrupted by ${signal}.`)));
}

try {
  process.exitCode = await mutate(faultsNamed(process.argv.slice(2)));
} catch (error) {
  exitWith(error);
}

function faultsNamed(filters: readonly string[]): Fault[] {
  const faults = FAULTS.filter(
    ({ name }) => filters.length === 0 || filters.some(filter => name.includes(filter)),
  );
  if (faults.length === 0)
    throw new Refusal(`There is no fault whose name contains ${filters.join(' or ')}.`);
  return faults;
}

async function mutate(faults: readonly Fault[]): Promise<number> {
  const outdated = faults.filter(fault => sourceOf(fault.file).split(fault.from).length !== 2);
  if (outdated.length > 0)
    throw new Refusal(['Not exactly once in its file:', ...outdated.map(line)].join('\n'));

  console.log(`Running ${TESTS.length} tests without a fault …`);
  // Compiled as the faulty ones will be: what fails then fails because of the fault.
  for (const copy of copies) for (const { file } of faults) copy.replace(file, sourceOf(file));
  const limits = await timeLimits();
  const findings: Finding[] = [];
  await inCopies(faults, async (fault, copy) => {
    const foundBy = await search(copy, fault, limits);
    findings.push({ fault, foundBy });
    console.log(`${findings.length} of ${faults.length}: ${fault.name}: ${foundBy ?? 'NOT FOUND'}`);
  });
  return report(faults.map(fault => findings.find(finding => finding.fault === fault)!));
}

/** How long each test may take with a fault. */
async function timeLimits(): Promise<Map<string, number>> {
  const limits = new Map<string, number>();
  await inCopies([...TESTS].reverse(), async (test, copy) => {
    const began = performance.now();
    const failure = await copy.firstFailure(test, LIMIT_MS);
    if (failure !== undefined) throw new Refusal(`Without any fault, ${test}.test.ts fails: ${failure}`);
    limits.set(test, START_MS + PATIENCE * (performance.now() - began));
  });
  return limits;
}

async function search(
  copy: TreeCopy,
  { file, from, to }: Fault,
  limits: ReadonlyMap<string, number>,
): Promise<string | undefined> {
  const source = sourceOf(file);
  // Not by `replace`, which reads a `$` as a pattern.
  copy.replace(file, source.split(from).join(to));
  try {
    for (const test of TESTS) {
      const failure = await copy.firstFailure(test, limits.get(test)!);
      if (failure !== undefined) return `${test}.test.ts: ${failure}`;
    }
    return undefined;
  } finally {
    copy.replace(file, source);
  }
}

/** Each copy takes the next item when it is done with one. */
async function inCopies<T>(
  items: readonly T[],
  work: (item: T, copy: TreeCopy) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(
    copies.map(async copy => {
      for (const item of queue) await work(item, copy);
    }),
  );
}

function report(findings: readonly Finding[]): number {
  const survivors = findings.filter(({ foundBy }) => foundBy === undefined);
  const widthOf = (texts: readonly string[]) => Math.max(...texts.map(text => text.length));
  const names = widthOf(findings.map(({ fault }) => fault.name));
  const files = widthOf(findings.map(({ fault }) => fault.file));
  console.log();
  for (const { fault, foundBy } of findings) {
    console.log(`${fault.name.padEnd(names)}  ${fault.file.padEnd(files)}  ${foundBy ?? 'NOT FOUND'}`);
  }
  console.log(`\n${findings.length - survivors.length} found, ${survivors.length} not found`);
  return survivors.length === 0 ? 0 : 1;
}

function line({ name, file, from }: Fault): string {
  return `  ${file}: ${from}  (${name})`;
}
