/** Each measurement in a process of its own, started with the flags that the engine gets, one after the other. */
import { fileURLToPath } from 'node:url';
import { ENGINE_OPTIONS } from '../../scripts/running/program.js';
import { startChild } from '../measuring/processes.js';
import type { Params, Result, TaskName } from './child.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));

export function inFreshProcess<K extends TaskName>(task: K, params: Params<K>): Promise<Result<K>> {
  return new Promise((resolve, reject) => {
    const child = startChild(CHILD, [task, JSON.stringify(params)], ENGINE_OPTIONS);
    let answer: { result: unknown } | undefined;
    child.once('message', message => {
      answer = message as { result: unknown };
    });
    child.once('exit', code => {
      if (answer === undefined) reject(new Error(`the process of ${task} ended with ${code} and no result`));
      else resolve(answer.result as Result<K>);
    });
  });
}
