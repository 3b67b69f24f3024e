/**
 * `npm run sim [-- --runs N | --seed S | --planted [part of a name …]]`: years of bad luck in a few minutes.
 *
 * Guarantees: the same seed is the same run, event by event. The first run that fails is made as small as it can be and
 * shown with its trace, and the exit code is 1. With `--planted` each fault of sim/planted.ts in turn is put into a copy of
 * the product, and the exit code is 0 only when all are found.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Progress } from './progress.js';
import { exitWith, Refusal } from './running/refusal.js';
import { findPlanted } from './sim/find-planted.js';
import { type Plan, planOf } from './sim/plan.js';
import { type Outcome, prepare, simulate } from './sim/run.js';
import { shrink } from './sim/shrink.js';
import type { Done, Work } from './sim/worker.js';

const USUAL_RUNS = 5000;
const MAX_WORKERS = 8;
/** A world is young when it ends, so room for the young saves work: 7 % of the time. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

try {
  process.exitCode = await main();
} catch (error) {
  exitWith(error);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { runs: { type: 'string' }, seed: { type: 'string' }, planted: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.planted) return findPlanted(positionals);
  if (values.seed !== undefined) return repeat(numberOf('--seed', values.seed));
  const runs = values.runs === undefined ? USUAL_RUNS : numberOf('--runs', values.runs);
  const began = performance.now();
  const { failure, figures } = await search(runs);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const { count, commands, events, virtualMs } = figures;
  const hours = (virtualMs / 3_600_000).toFixed(1);
  console.log(
    `${count} runs in ${seconds} s: ${commands} commands, ${events} events, ${hours} simulated hours`,
  );
  if (failure === undefined) return 0;
  console.log(`seed ${failure.seed} fails (npm run sim -- --seed ${failure.seed}): ${failure.violations[0]}`);
  await showSmallest(failure.seed);
  return 1;
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Refusal(`${option} takes a whole number from 1 on`);
  return number;
}

/** Ends at the first run that fails. */
async function search(runs: number) {
  const figures = { count: 0, commands: 0, events: 0, virtualMs: 0 };
  const step = Math.min(MAX_WORKERS, availableParallelism());
  const workers = Array.from({ length: step }, (_, index) => {
    const workerData: Work = { first: index + 1, step, last: runs };
    return new Worker(new URL('./sim/worker.js', import.meta.url), { workerData, resourceLimits });
  });
  const progress = new Progress('simulation', runs);
  let failure: Done | undefined;
  const ends = workers.map(worker => {
    worker.on('message', (done: Done) => {
      progress.reach(++figures.count);
      figures.commands += done.figures.commands;
      figures.events += done.figures.events;
      figures.virtualMs += done.figures.virtualMs;
      if (failure !== undefined || done.violations.length === 0) return;
      failure = done;
      for (const each of workers) void each.terminate();
    });
    return new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
  });
  await Promise.all(ends);
  return { failure: failure as Done | undefined, figures };
}

/** One run, with all that happens in it. */
async function repeat(seed: number): Promise<number> {
  prepare();
  const outcome = await simulate(planOf(seed), true);
  show(outcome);
  return outcome.violations.length === 0 ? 0 : 1;
}

async function showSmallest(seed: number): Promise<void> {
  prepare();
  const fails = async (plan: Plan) => (await simulate(plan)).violations.length > 0;
  const smallest = await shrink(planOf(seed), fails);
  const { faults, asked, readings } = smallest;
  console.log(
    `Faults, requests, readers without which it passes: ${faults.length}, ${asked.length}, ${readings.length}`,
  );
  show(await simulate(smallest, true));
}

function show({ trace, violations }: Outcome): void {
  for (const line of trace) console.log(line);
  for (const violation of violations) console.log(violation);
}
