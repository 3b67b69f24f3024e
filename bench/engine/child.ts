/** What a fresh process runs: the task that its arguments name, whose result is its only message. */
import { measureComparison } from './comparison.js';
import { measureLevels } from './levels.js';
import { measureSteadyLoad } from './steady-load.js';
import { measureThroughput } from './throughput.js';

const TASKS = {
  throughput: measureThroughput,
  steadyLoad: measureSteadyLoad,
  comparison: measureComparison,
  levels: measureLevels,
};

export type TaskName = keyof typeof TASKS;
export type Params<K extends TaskName> = Parameters<(typeof TASKS)[K]>[0];
export type Result<K extends TaskName> = Awaited<ReturnType<(typeof TASKS)[K]>>;

const [name, params] = process.argv.slice(2);
const task = TASKS[name as TaskName] as (params: unknown) => unknown;
const result = await task(JSON.parse(params!));
process.send!({ result });
process.disconnect();
