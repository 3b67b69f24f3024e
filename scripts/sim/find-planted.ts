/** Puts each planted fault into a copy of the compiled product, and counts the runs until the simulation finds it. */
import { sourceOf, TreeCopy } from '../mutate/tree-copy.js';
import { Refusal } from '../running/refusal.js';
import { PLANTED, type Planted } from './planted.js';

const MAX_RUNS = 10_000;
const LIMIT_MS = 300_000;
/** What `npm run sim` says. */
const FIGURES = /^(\d+) runs in /m;
const FAILURE = /^seed \d+ fails .*?\): (.*)$/m;

/** The exit code: 0 where all are found. @param filters parts of names; all where there are none */
export async function findPlanted(filters: readonly string[]): Promise<number> {
  let missed = 0;
  for (const planted of PLANTED) {
    if (filters.length > 0 && !filters.some(filter => planted.name.includes(filter))) continue;
    const { runs, violation } = await find(planted);
    if (violation === undefined) missed++;
    console.log(`| ${planted.name} | ${violation === undefined ? 'NOT FOUND' : runs} | ${violation ?? ''} |`);
  }
  return missed === 0 ? 0 : 1;
}

async function find({ patches }: Planted): Promise<{ runs: number; violation: string | undefined }> {
  const copy = new TreeCopy();
  try {
    for (const [file, source] of patchedSources(patches)) copy.replace(file, source);
    const output = await copy.outputOf('scripts/sim', ['--runs', String(MAX_RUNS)], LIMIT_MS);
    return { runs: Number(FIGURES.exec(output)?.[1]), violation: FAILURE.exec(output)?.[1]?.slice(0, 100) };
  } finally {
    copy.remove();
  }
}

/** By file. Refuses where a patch does not fit the source. */
export function patchedSources(patches: Planted['patches']): Map<string, string> {
  const sources = new Map<string, string>();
  for (const { file, from, to } of patches) {
    const parts = (sources.get(file) ?? sourceOf(file)).split(from);
    if (parts.length !== 2) throw new Refusal(`Not exactly once in ${file}: ${from}`);
    sources.set(file, parts.join(to));
  }
  return sources;
}
