/**
 * `npm run coverage`: how much of the code that must be right its tests (core-tests.ts) ran in the last `npm test`,
 * as one figure over all its files. Exits 1 where that is less than it has to be.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitWith, Refusal } from './running/refusal.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SUMMARY = join(ROOT, '.tap', 'report', 'coverage-summary.json');
const FOLDERS = ['engine/core/', 'shared/domain/'];
/** Per cent. */
const FLOORS = { lines: 98, branches: 95 } as const;

type Metric = keyof typeof FLOORS;
type Figures = Readonly<Record<Metric, { total: number; covered: number }>>;

try {
  process.exitCode = report(coveredFiles());
} catch (error) {
  exitWith(error);
}

/** The files of the folders, with what was run of each. */
function coveredFiles(): Map<string, Figures> {
  const summary = Object.entries(readSummary()).map(
    ([file, figures]) => [relative(ROOT, file), figures] as const,
  );
  const files = summary.filter(([file]) => FOLDERS.some(folder => file.startsWith(folder)));
  if (files.length === 0)
    throw new Refusal(`The last tests ran nothing of ${FOLDERS.join(' or ')}. Run npm test.`);
  return new Map(files);
}

function readSummary(): Record<string, Figures> {
  try {
    return JSON.parse(readFileSync(SUMMARY, 'utf8')) as Record<string, Figures>;
  } catch {
    throw new Refusal('There is no summary of what the tests ran. Run npm test first.');
  }
}

function report(files: ReadonlyMap<string, Figures>): number {
  const metrics = Object.keys(FLOORS) as Metric[];
  for (const [file, figures] of files) {
    const partly = metrics.filter(metric => figures[metric].covered < figures[metric].total);
    if (partly.length > 0)
      console.log(`${file}: ${metrics.map(metric => text(metric, [figures])).join(', ')}`);
  }
  const all = [...files.values()];
  const missed = metrics.filter(metric => percent(metric, all) < FLOORS[metric]);
  for (const metric of metrics)
    console.log(`${FOLDERS.join(' and ')}: ${text(metric, all)}, at least ${FLOORS[metric]} %`);
  return missed.length === 0 ? 0 : 1;
}

function text(metric: Metric, figures: readonly Figures[]): string {
  return `${percent(metric, figures).toFixed(2)} % of ${metric}`;
}

function percent(metric: Metric, figures: readonly Figures[]): number {
  const sum = (part: 'total' | 'covered') => figures.reduce((sum, each) => sum + each[metric][part], 0);
  return (100 * sum('covered')) / sum('total');
}
