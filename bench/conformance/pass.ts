/**
 * A process's part in the benchmark: plays the workload of the file that it is given several times, each time into a
 * fresh book, and prints one line of JSON, a `PassResult`. The clock sees `play` alone: it begins with the decoded
 * messages and ends with the reports as numbers.
 */
import { OrderIds, play } from './driver.js';
import { Reports } from './reports.js';
import { readWorkload } from './workload.js';

export interface PassResult {
  /** Million messages a second, as are the warm ones. */
  firstPassMps: number;
  /** The best of the passes after the first. */
  warmMps: number;
  sha256: string;
  restingAtEnd: number;
}

const WARM_PASSES = 4;

const workload = readWorkload(process.argv[2]!);
const reports = new Reports(workload.messages);

const first = pass();
const sha256 = reports.sha256();
let warmMps = 0;
for (let i = 0; i < WARM_PASSES; i++) warmMps = Math.max(warmMps, pass().mps);
if (reports.sha256() !== sha256) throw new Error('the last pass reported something else than the first');

const result: PassResult = { firstPassMps: first.mps, warmMps, sha256, restingAtEnd: first.resting };
console.log(JSON.stringify(result));

function pass(): { mps: number; resting: number } {
  reports.clear();
  const ids = new OrderIds(workload);
  const started = performance.now();
  const played = play(workload, reports, ids);
  const microseconds = (performance.now() - started) * 1000;
  return { mps: workload.messages / microseconds, resting: played.resting };
}
