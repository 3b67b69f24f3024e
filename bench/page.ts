/**
 * `npm run bench:page [-- results.jsonl]`: docs/BENCHMARKS.md and its plots, from what `npm run -s bench -- --json` has
 * printed, which is kept beside the plots; without an argument from what is kept there.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exitWith } from '../scripts/running/refusal.js';
import { pageOf } from './page/page.js';
import { readResults } from './page/results.js';

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
const FOLDER = 'benchmarks';
const PLOTS = join(DOCS, FOLDER);
const KEPT = join(PLOTS, 'results.jsonl');

try {
  const { positionals } = parseArgs({ allowPositionals: true });
  const results = readFileSync(positionals[0] ?? KEPT, 'utf8');
  const { markdown, plots } = pageOf(readResults(results), FOLDER);
  mkdirSync(PLOTS, { recursive: true });
  for (const file of readdirSync(PLOTS)) if (file.endsWith('.svg')) rmSync(join(PLOTS, file));
  for (const [file, svg] of plots) writeFileSync(join(PLOTS, file), svg);
  writeFileSync(KEPT, results);
  writeFileSync(join(DOCS, 'BENCHMARKS.md'), markdown);
  console.log(`docs/BENCHMARKS.md and ${plots.size} plots are written.`);
} catch (error) {
  exitWith(error);
}
