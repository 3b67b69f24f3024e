/** What a bench starts ends with it, the last first, whatever ends it: that it is done, a fault or Ctrl-C. */
import { interruption } from '../../scripts/running/interruption.js';

type Stop = () => Promise<unknown>;

const started: Stop[] = [];
let interrupted: Promise<never> | undefined;

export function endsWithUs(stop: Stop): void {
  started.push(stop);
}

/** Does the work, until the first signal to end at most; when it returns, nothing runs that the work has started. */
export async function endingAll<T>(work: () => Promise<T>): Promise<T> {
  interrupted ??= interruption();
  try {
    return await Promise.race([interrupted, work()]);
  } finally {
    for (let stop = started.pop(); stop !== undefined; stop = started.pop())
      await stop().catch(error => console.error('could not be stopped:', error));
  }
}
