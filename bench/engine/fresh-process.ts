/**
 * Each measurement in a process of its own, started with the flags that the engine gets, one after the
 * other; and whether anything else took processor time meanwhile.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ENGINE_OPTIONS } from '../../scripts/running/program.js';
import type { ChildMessage, Params, Result, TaskName } from './child.js';
import { CpuWatch } from './machine.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));

export class FreshProcesses {
  readonly #watch = new CpuWatch();

  async run<K extends TaskName>(task: K, params: Params<K>): Promise<Result<K>> {
    const { result, cpuSeconds } = await answerOf(task, params);
    this.#watch.ours(cpuSeconds);
    return result as Result<K>;
  }

  /** Empty where the machine was ours. */
  warnings(): string[] {
    return this.#watch.warnings();
  }
}

function answerOf(task: TaskName, params: unknown): Promise<ChildMessage> {
  return new Promise((resolve, reject) => {
    const child = fork(CHILD, [task, JSON.stringify(params)], { execArgv: ENGINE_OPTIONS });
    let answer: ChildMessage | undefined;
    child.once('message', message => {
      answer = message as ChildMessage;
    });
    child.once('exit', code => {
      if (answer === undefined) reject(new Error(`the process of ${task} ended with ${code} and no result`));
      else resolve(answer);
    });
  });
}
