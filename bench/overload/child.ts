/** A process that makes load: gets its task as a message, and answers with what it measured. */
import { setTimeout as delay } from 'node:timers/promises';
import { PersistentLoad } from './load.js';
import type { Pair } from './pairs.js';

export interface LoadTask {
  host: string;
  port: number;
  pairs: readonly Pair[];
  retryPauseMs: number;
  warmUpSeconds: number;
  seconds: number;
}

process.once('message', async ({ pairs, retryPauseMs, warmUpSeconds, seconds, ...exchange }: LoadTask) => {
  const load = new PersistentLoad(exchange, pairs, retryPauseMs);
  load.start();
  await delay(warmUpSeconds * 1000);
  load.measure();
  await delay(seconds * 1000);
  const measured = await load.end();
  process.send!(measured, () => process.disconnect());
});
