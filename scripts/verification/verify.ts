/**
 * The proof that an exchange is whole: what Postgres holds is what the journal says, money is conserved, and every
 * table agrees with the others.
 *
 * Guarantees: it only reads, in bounded memory beside the state itself; every check is made whatever the ones before it
 * found; an exchange that runs meanwhile is no contradiction. Its journal must not be trimmed past the watermark while
 * the checkpoint loads, which the writer's margin sees to.
 */
import { Machine } from '../../engine/machine.js';
import { connect } from '../running/connections.js';
import type { Stores } from '../running/stores.js';
import { checkCandles } from './candles.js';
import type { Check } from './check.js';
import { type Evidence, type Say, withEvidence } from './evidence.js';
import { checkJournal } from './journal.js';
import { checkMoney } from './money.js';
import { checkRedis } from './redis.js';
import { checkCheckpoint, checkReplay, checkReplayFromNothing } from './replay.js';
import { checkTrades } from './trades.js';

export type { Check };

/** Refuses where there is no exchange or a server does not answer. @param say hears what is under way, often */
export async function* verifyExchange(stores: Stores, say: Say = () => undefined): AsyncIterable<Check> {
  const connections = await connect(stores);
  try {
    const machine = new Machine();
    const checkpoint = await checkCheckpoint(connections.pool, machine, say);
    yield checkpoint;
    yield* withEvidence(connections, stores.namespace, say, evidence =>
      checks(evidence, checkpoint.ok ? machine : undefined),
    );
  } finally {
    await connections.close();
  }
}

async function* checks(evidence: Evidence, machine: Machine | undefined): AsyncIterable<Check> {
  yield await checkReplay(evidence, machine);
  yield await checkReplayFromNothing(evidence);
  yield* checkJournal(evidence);
  yield* checkMoney(evidence);
  yield* checkTrades(evidence);
  yield await checkCandles(evidence);
  yield await checkRedis(evidence);
}
