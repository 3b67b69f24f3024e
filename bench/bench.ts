/**
 * `npm run bench [-- --suite book|engine|pipeline|http|growth|ws|writer|recovery] [--json] [--seconds N]`: the whole
 * system, suite by suite, on servers of its own, each figure beside a floor that was measured in turn with it.
 *
 * The tables go to stdout, or with `--json` lines of JSON: one of the run, one of each row, one of each suite; how far it
 * has come goes to stderr. A goal that is missed changes no exit code: it says whether the measuring went right. After
 * Ctrl-C nothing is left running.
 */
import { parseArgs } from 'node:util';
import { exitWith, Refusal } from '../scripts/running/refusal.js';
import { endingAll } from './measuring/ending.js';
import { CpuWatch, machineLine, thisRun } from './measuring/machine.js';
import { tellDone } from './measuring/progress.js';
import { type ResultLine, rowTable } from './measuring/rows.js';
import { SUITES } from './suites.js';

const USAGE = `Usage: npm run bench [-- --suite ${Object.keys(SUITES).join('|')}] [--json] [--seconds N]`;

try {
  const { suites, json, seconds } = readArguments();
  if (json) tellLine({ run: thisRun() });
  else console.log(machineLine());
  for (const suite of suites) {
    try {
      await endingAll(() => run(suite, json, seconds));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      console.error(`suite ${suite} failed:`, error);
      process.exitCode = 1;
    }
  }
  // A suite that failed may have left a connection open.
  process.exit();
} catch (error) {
  exitWith(error);
}

function readArguments(): { suites: string[]; json: boolean; seconds: number | undefined } {
  const { values } = parseArgs({
    options: {
      suite: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { suite: suites = Object.keys(SUITES), json } = values;
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  const unknown = suites.find(suite => !(suite in SUITES));
  if (unknown !== undefined) throw new Refusal(`There is no suite ${unknown}. ${USAGE}`);
  if (seconds !== undefined && !(seconds > 0)) throw new Refusal(`--seconds is a number above 0. ${USAGE}`);
  return { suites, json, seconds };
}

async function run(suite: string, json: boolean, seconds: number | undefined): Promise<void> {
  const [watch, started] = [new CpuWatch(), performance.now()];
  const { rows, lines = [] } = await SUITES[suite]!.report(seconds);
  tellDone();
  const took = Math.round((performance.now() - started) / 1000);
  const remarks = [...lines, ...watch.warnings()];
  if (json) {
    for (const row of rows) tellLine({ suite, ...row });
    tellLine({ suite, seconds: took, remarks });
  } else {
    console.log(['', `Suite ${suite}, ${took} s`, ...rowTable(rows), ...remarks].join('\n'));
  }
}

function tellLine(line: ResultLine): void {
  console.log(JSON.stringify(line));
}
