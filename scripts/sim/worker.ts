/** Carries out a part of the runs in a thread of its own, since simulated time is the time of the whole thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { planOf } from './plan.js';
import { type Outcome, prepare, simulate } from './run.js';

export interface Work {
  /** The first seed, and how far apart those of one worker are. */
  readonly first: number;
  readonly step: number;
  readonly last: number;
}

export interface Done {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly figures: Omit<Outcome, 'violations' | 'trace'>;
}

const { first, step, last } = workerData as Work;

// Errors are part of the game, and their stacks a twentieth of its time; whoever looks at one run has them.
Error.stackTraceLimit = 0;

prepare();
for (let seed = first; seed <= last; seed += step) {
  const { violations, trace: _trace, ...figures } = await simulate(planOf(seed));
  parentPort!.postMessage({ seed, violations, figures } satisfies Done);
}
