/**
 * Applying the journal again, through the same code as the first time. A batch that gives other events or another hash
 * than it did then ends the engine: its state must not be served.
 */
import { decodeReplayable, type JournalBatch, LOGIC } from '../shared/domain/codec.js';
import type { Machine } from './machine.js';
import type { ProgressLog } from './progress-log.js';

/** The journal does not go on where the state ends: it was trimmed past it. */
export class JournalGapError extends Error {}

export class ReplayError extends Error {}

export interface Replayed {
  batches: number;
  commands: number;
  seconds: number;
  commandsPerSecond: number;
}

/** Batches that go on where the machine's state ends. */
export async function replayJournal(
  journal: AsyncIterable<JournalBatch>,
  machine: Machine,
  progress: ProgressLog,
): Promise<Replayed> {
  const start = machine.exchange.sequence;
  let batches = 0;
  const replayed = () => {
    const commands = machine.exchange.sequence - start;
    const { seconds } = progress;
    return { batches, commands, seconds, commandsPerSecond: Math.round(commands / seconds) };
  };
  for await (const batch of journal) {
    replayBatch(machine, batch);
    batches++;
    progress.reach('replaying the journal', replayed);
  }
  return replayed();
}

export function replayBatch(machine: Machine, batch: JournalBatch): void {
  const { exchange } = machine;
  const expected = exchange.sequence + 1;
  if (batch.first !== expected) {
    throw new JournalGapError(`the journal goes on at sequence ${batch.first}, the state at ${expected}`);
  }
  if (batch.logic !== LOGIC) {
    throw new ReplayError(
      `sequence ${batch.first} was written by logic ${batch.logic}, this engine is logic ${LOGIC}`,
    );
  }
  const range = `sequences ${batch.first} to ${batch.last}`;
  replayCommands(machine, batch, range);
  const { events, stateHash } = machine.endBatch();
  if (exchange.sequence !== batch.last) throw new ReplayError(`${range} end at ${exchange.sequence}`);
  if (!events.equals(batch.events))
    throw new ReplayError(`${range} give other events than the journal holds`);
  if (stateHash !== batch.stateHash) {
    throw new ReplayError(
      `after ${range} the state hashes to ${stateHash}, the journal says ${batch.stateHash}`,
    );
  }
}

function replayCommands(machine: Machine, { commands }: JournalBatch, range: string): void {
  try {
    for (const replayable of decodeReplayable(commands)) machine.execute(replayable.command, replayable);
  } catch (error) {
    throw new ReplayError(`${range} cannot be replayed: ${(error as Error).message}`, { cause: error });
  }
}
