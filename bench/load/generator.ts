/** A process that makes load: gets its task as a message, and answers with what it measured. */
import { setTimeout as delay } from 'node:timers/promises';
import { ClosedLoop } from './closed-loop.js';
import type { Address } from './connection.js';
import { OpenLoop } from './open-loop.js';
import { requestsOf, type Traders } from './requests.js';
import { Tally } from './tally.js';

export interface LoadTask {
  address: Address;
  /** Its name. */
  load: string;
  /** By connection. */
  traders: readonly Traders[][];
  warmUpSeconds: number;
  seconds: number;
  /** Absent of a closed loop. */
  rate?: { perSecond: number; place: number; of: number };
}

// Whoever has started it is gone, or wants no more.
process.once('disconnect', () => process.exit());

process.once('message', async ({ address, load, traders, warmUpSeconds, seconds, rate }: LoadTask) => {
  const tally = new Tally();
  const scripts = traders.map(ofConnection => ofConnection.flatMap(one => requestsOf(one, load)));
  const loop = rate ? new OpenLoop(address, scripts, tally, rate) : new ClosedLoop(address, scripts, tally);
  loop.start();
  await delay(warmUpSeconds * 1000);
  tally.measure();
  await delay(seconds * 1000);
  tally.endMeasuring();
  const leftOver = await loop.end();
  process.send!(tally.measured(leftOver), () => process.disconnect());
});
