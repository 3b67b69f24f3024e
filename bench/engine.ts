/**
 * `npm run bench:engine [-- --seconds 30 --json]`: the exchange itself, without queue, disk and network. How much it
 * takes, how steadily, beside another book, and how that depends on the number of price levels. Each measurement runs
 * in a fresh process; how the machine was shared meanwhile stands below the figures. A figure that is missed is printed
 * as such and changes no exit code: the exit code says whether the measuring went right.
 */
import { parseArgs } from 'node:util';
import { reportComparison } from './engine/comparison.js';
import { FreshProcesses } from './engine/fresh-process.js';
import { reportLevels } from './engine/levels.js';
import { machineLine } from './engine/machine.js';
import type { Report } from './engine/report.js';
import { reportSteadyLoad } from './engine/steady-load.js';
import { reportThroughput } from './engine/throughput.js';

interface Case {
  title: string;
  seconds: number;
  report: (processes: FreshProcesses, seconds: number) => Promise<Report>;
}

const CASES: Case[] = [
  { title: 'Throughput', seconds: 6, report: reportThroughput },
  { title: 'Steady load', seconds: 20, report: reportSteadyLoad },
  { title: 'Comparison', seconds: 9, report: reportComparison },
  { title: 'Price levels', seconds: 6, report: reportLevels },
];

const { values } = parseArgs({ options: { seconds: { type: 'string' }, json: { type: 'boolean' } } });
if (values.seconds !== undefined && !(Number(values.seconds) > 0))
  throw new Error('--seconds is a number above 0');

if (!values.json) console.log(machineLine());
for (const { title, seconds, report } of CASES) {
  const processes = new FreshProcesses();
  const { lines, rows } = await report(processes, Number(values.seconds ?? seconds));
  const warnings = processes.warnings();
  if (values.json) {
    for (const row of rows) console.log(JSON.stringify({ suite: 'engine', ...row }));
    for (const line of warnings) console.error(line);
  } else {
    console.log(['', title, ...lines, ...warnings].join('\n'));
  }
}
