/** What `npm run bench -- --json` has printed, put together again. */
import { Refusal } from '../../scripts/running/refusal.js';
import type { Run } from '../measuring/machine.js';
import type { Figures, ResultLine } from '../measuring/rows.js';
import { SUITES } from '../suites.js';

export interface SuiteResults {
  suite: string;
  rows: Figures[];
  seconds: number;
  remarks: string[];
}

export interface Results {
  run: Run;
  suites: SuiteResults[];
}

/** Refuses what is not the output of one run. */
export function readResults(text: string): Results {
  let run: Run | undefined;
  const suites: SuiteResults[] = [];
  let rows: Figures[] = [];
  for (const line of text.trim().split('\n').map(parsed)) {
    if ('run' in line) {
      if (run !== undefined) throw new Refusal('These are the results of several runs.');
      run = line.run;
    } else if (!(line.suite in SUITES)) throw new Refusal(`There is no suite ${line.suite}.`);
    else if ('remarks' in line) {
      suites.push({ ...line, rows });
      rows = [];
    } else rows.push(line);
  }
  if (run === undefined) throw new Refusal('The first line of a run is missing.');
  return { run, suites };
}

function parsed(text: string, index: number): ResultLine {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(
      `Line ${index + 1} is not JSON: results are what \`npm run -s bench -- --json\` prints.`,
    );
  }
}
