/**
 * The engine process. It recovers, follows the journal as a standby until it may lead, then serves until it is stopped
 * or fenced. Whatever contradicts a promise ends it with code 1 and a message.
 */
import { processConfig } from '../shared/io/config.js';
import { checkRedisDurability } from '../shared/io/durability.js';
import { keysOf } from '../shared/io/keys.js';
import { createLogger, type Logger } from '../shared/io/log.js';
import { createPool } from '../shared/io/postgres.js';
import { redisAt } from '../shared/io/redis.js';
import { onShutdown } from '../shared/io/shutdown.js';
import { Admission } from './admission.js';
import { Clock } from './clock.js';
import { CommandLog } from './command-log.js';
import { Leader } from './leader.js';
import { Leadership } from './leadership.js';
import type { Machine } from './machine.js';
import { catchUp, recover, type Stores } from './recovery.js';
import { JournalGapError } from './replay.js';

/** The wall clock may be this far from the engine's before that is worth an alarm. */
const MAX_DRIFT_MS = 60_000;
const DRIFT_CHECK_INTERVAL_MS = 10_000;

const config = processConfig('redisUrl', 'databaseUrl');
const log = createLogger(config.instance, config.logLevel);
const keys = keysOf(config.namespace);
const stores: Stores = {
  keys,
  log,
  commandLog: new CommandLog(redisAt(config.redisUrl), keys, log),
  pool: createPool(config.databaseUrl, config.namespace, 1),
};
const leadership = new Leadership({
  commandLog: stores.commandLog,
  instance: `${config.instance}-${process.pid}`,
  leaseMs: config.leaseMs,
  log,
});
let leader: Leader | undefined;
let serving: Promise<void> = Promise.resolve();

onShutdown(async () => {
  leader?.stop();
  await serving;
  await leadership.resign();
  stores.commandLog.close();
});

try {
  await checkRedisDurability(stores.commandLog.reader, log);
  const { machine, head } = await takeOver();
  // What leads needs Postgres no more, and waits for no answer of it.
  stores.pool.end().catch(() => {});
  const clock = new Clock(machine.exchange.time);
  watchClock(clock, log);
  const admission = new Admission();
  admission.watch(stores.commandLog.journal, config.journalLimitBytes, log);
  leadership.keep(() => fail(new Error('another engine leads')));
  leader = new Leader({ machine, clock, admission, commandLog: stores.commandLog, keys, log }, head);
  log.info({ head, sequence: machine.exchange.sequence, stateHash: machine.exchange.stateHash }, 'leading');
  serving = leader.run();
  await serving;
} catch (error) {
  fail(error as Error);
}

/** Follows the journal until the leadership is free; then, with everybody else fenced, reads it to its end. */
async function takeOver(): Promise<{ machine: Machine; head: string }> {
  let machine = await recover(stores);
  for (;;) {
    try {
      const head = await leadership.tryTake(machine.exchange.sequence);
      await catchUp(stores, machine);
      if (head !== null) return { machine, head };
    } catch (error) {
      if (!(error instanceof JournalGapError)) throw error;
      log.warn({ reason: error.message }, 'loading the checkpoint again');
      machine = await recover(stores);
    }
  }
}

function watchClock(clock: Clock, log: Logger): void {
  const check = (): void => {
    const driftMs = clock.drift();
    if (Math.abs(driftMs) <= MAX_DRIFT_MS) return;
    log.error(
      { driftMs },
      'the wall clock has jumped; the exchange keeps its own time until an engine starts again',
    );
  };
  check();
  setInterval(check, DRIFT_CHECK_INTERVAL_MS).unref();
}

function fail(error: Error): never {
  log.fatal({ error: error.message, stack: error.stack }, 'the engine stops');
  process.exit(1);
}
