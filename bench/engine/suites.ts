/**
 * Suites `engine` and `book`: the exchange itself, without queue, disk and network. How much it takes and how steadily;
 * and how its order book does beside another one, and on the number of price levels. Each measurement runs in a fresh
 * process with the engine's flags.
 */
import type { Report } from '../measuring/rows.js';
import { reportComparison } from './comparison.js';
import { reportLevels } from './levels.js';
import { reportSteadyLoad } from './steady-load.js';
import { reportThroughput } from './throughput.js';

const THROUGHPUT_SECONDS = 4;
const STEADY_LOAD_SECONDS = 6;
const COMPARISON_SECONDS = 6;
const LEVELS_SECONDS = 6;

/** The floor of the steady load is the machine alone. */
export async function reportEngine(seconds?: number): Promise<Report> {
  return joined(
    await reportThroughput(seconds ?? THROUGHPUT_SECONDS),
    await reportSteadyLoad(seconds ?? STEADY_LOAD_SECONDS),
  );
}

/** The floor of the comparison is the other book. */
export async function reportBook(seconds?: number): Promise<Report> {
  return joined(
    await reportComparison(seconds ?? COMPARISON_SECONDS),
    await reportLevels(seconds ?? LEVELS_SECONDS),
  );
}

function joined(...reports: Report[]): Report {
  return {
    rows: reports.flatMap(({ rows }) => rows),
    lines: reports.flatMap(({ lines = [] }) => ['', ...lines]),
  };
}
