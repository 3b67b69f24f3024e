/**
 * `npm run drain`: brings a running exchange to a rest, before a version that means something else by its commands takes
 * over (D12).
 *
 * Guarantees: when it ends with 0, no command has been taken since, and Postgres holds everything that was acknowledged;
 * it stays so until another engine leads. Ended before that, it lets commands be taken again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../shared/io/config.js';
import { Journal } from '../shared/io/journal.js';
import { keysOf } from '../shared/io/keys.js';
import { type Connections, withConnections } from './running/connections.js';
import { exitWith, Refusal } from './running/refusal.js';
import { withStores } from './running/stores.js';

const POLL_MS = 100;
const REPORT_INTERVAL_MS = 2000;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());

try {
  await withStores(readConfig(), stores =>
    withConnections(stores, connections => drain(connections, stores.namespace)),
  );
  process.exit();
} catch (error) {
  exitWith(error);
}

async function drain(connections: Connections, namespace: string): Promise<void> {
  const { redis } = connections;
  const { leader, draining } = keysOf(namespace);
  if ((await redis.exists(leader)) === 0)
    throw new Refusal('No engine leads, so nothing can be drained: start the exchange first.');
  await redis.set(draining, 'asked');
  console.log('No command is taken any more. Waiting until Postgres holds everything …');
  const sequence = await drained(connections, namespace);
  if (sequence === undefined) {
    await redis.del(draining);
    throw new Refusal('Interrupted: commands are taken again.');
  }
  console.log(`Drained: Postgres holds everything, up to sequence ${sequence}.`);
  console.log(
    'Stop the exchange and start the new version. The next engine that leads takes commands again.',
  );
}

/** The sequence at which nothing is left to do; undefined where we are interrupted. */
async function drained({ redis, pool }: Connections, namespace: string): Promise<number | undefined> {
  const { commands, draining, journal: key } = keysOf(namespace);
  const journal = new Journal(redis, key);
  let reportAt = performance.now() + REPORT_INTERVAL_MS;
  while (!interrupted.signal.aborted) {
    const state = await redis.get(draining);
    if (state === null)
      throw new Refusal('Another engine has taken over and takes commands: drain it again.');
    const waiting = await redis.llen(commands);
    const { last } = await journal.extent();
    const { rows } = await pool.query<{ sequence: bigint }>('SELECT sequence FROM watermark');
    const missing = last - Number(rows[0]!.sequence);
    if (state === 'begun' && waiting === 0 && missing === 0) return last;
    if (performance.now() >= reportAt) {
      console.log(`${waiting} entries in the queue, ${missing} commands not yet in Postgres`);
      reportAt = performance.now() + REPORT_INTERVAL_MS;
    }
    await sleep(POLL_MS);
  }
  return undefined;
}
