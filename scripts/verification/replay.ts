/** The state: what Postgres holds is what the engine had, and the journal leads from there to its own end. */
import type pg from 'pg';
import { loadCheckpoint } from '../../engine/checkpoint.js';
import { Machine } from '../../engine/machine.js';
import { replayBatch } from '../../engine/replay.js';
import { LOGIC } from '../../shared/domain/codec.js';
import { createLogger } from '../../shared/io/log.js';
import { type Check, check, counted } from './check.js';
import { batchesAfter, type Evidence, type Say, storedBatches } from './evidence.js';

/** Fills a new machine from Postgres, in a transaction of its own and so before the snapshot. */
export function checkCheckpoint(pool: pg.Pool, machine: Machine, say: Say): Promise<Check> {
  return check('checkpoint', async () => {
    say('loading the checkpoint');
    const { sequence, stateHash } = await loadCheckpoint(pool, machine, createLogger('verify', 'silent'));
    say('auditing the checkpoint');
    machine.exchange.audit();
    return `at sequence ${sequence} Postgres loads, hashes to ${stateHash} and passes the audit`;
  });
}

/** @param machine at the checkpoint; undefined where it did not load */
export function checkReplay(evidence: Evidence, machine: Machine | undefined): Promise<Check> {
  return check('replay', async () => {
    if (machine === undefined) throw new Error('nothing to start from: the checkpoint is not right');
    const { watermark, say } = evidence;
    const from = machine.exchange.sequence;
    let batches = 0;
    assertHash(machine, evidence);
    for await (const batch of batchesAfter(evidence, from, 'replaying')) {
      replayBatch(machine, batch);
      assertHash(machine, evidence);
      batches++;
    }
    if (machine.exchange.sequence < watermark.sequence)
      throw new Error(
        `the journal ends at sequence ${machine.exchange.sequence}, the watermark is ${watermark.sequence}`,
      );
    say('auditing the state at the journal’s end');
    machine.exchange.audit();
    const replayed = `${counted(batches, 'batches')} with ${counted(machine.exchange.sequence - from, 'commands')}`;
    return `${replayed} after the checkpoint give the journal’s events and hashes; the audit passes`;
  });
}

/** Of an exchange so young that its journal still begins with the first command. */
export function checkReplayFromNothing(evidence: Evidence): Promise<Check> {
  return check('replay from nothing', async () => {
    const { watermark } = evidence;
    const machine = new Machine();
    for await (const batch of storedBatches(evidence, 'replaying from nothing')) {
      if (batch.first > 1 && machine.exchange.sequence === 0)
        return `not possible: the journal of logic ${LOGIC} begins at sequence ${batch.first}`;
      replayBatch(machine, batch);
    }
    assertHash(machine, evidence);
    if (machine.exchange.sequence !== watermark.sequence)
      throw new Error(`the journal ends at sequence ${machine.exchange.sequence}`);
    machine.exchange.audit();
    return `${counted(watermark.sequence, 'commands')} lead to the watermark’s hash ${watermark.stateHash}`;
  });
}

/** Where the machine stands at the watermark, its hash must be the watermark's. */
function assertHash({ exchange }: Machine, { watermark }: Evidence): void {
  if (exchange.sequence === watermark.sequence && exchange.stateHash !== watermark.stateHash) {
    throw new Error(
      `at sequence ${exchange.sequence} the state hashes to ${exchange.stateHash}, the watermark says ${watermark.stateHash}`,
    );
  }
}
