/**
 * Applying the journal again, through the same code as the first time. A batch that gives other events or another hash
 * than it did then ends the engine: its state must not be served.
 */
import {
  type BatchText,
  decodeCommands,
  decodeRequest,
  isCommand,
  type JournaledCommand,
  LOGIC,
} from '../shared/domain/codec.js';
import type { Json } from '../shared/domain/fields.js';
import type { Machine } from './machine.js';

/** The journal does not go on where the state ends: it was trimmed past it. */
export class JournalGapError extends Error {}

export class ReplayError extends Error {}

export function replayBatch(machine: Machine, batch: BatchText): void {
  const expected = machine.exchange.sequence + 1;
  if (batch.first !== expected) {
    throw new JournalGapError(`the journal goes on at sequence ${batch.first}, the state at ${expected}`);
  }
  if (batch.logic !== LOGIC) {
    throw new ReplayError(
      `sequence ${batch.first} was written by logic ${batch.logic}, this engine is logic ${LOGIC}`,
    );
  }
  const events = JSON.stringify(
    decodeCommands(batch.commands).map(command => replayCommand(machine, command)),
  );
  const { stateHash } = machine.exchange.endBatch();
  const range = `sequences ${batch.first} to ${batch.last}`;
  if (machine.exchange.sequence !== batch.last)
    throw new ReplayError(`${range} end at ${machine.exchange.sequence}`);
  if (events !== batch.events) throw new ReplayError(`${range} give other events than the journal holds`);
  if (stateHash !== batch.stateHash) {
    throw new ReplayError(
      `after ${range} the state hashes to ${stateHash}, the journal says ${batch.stateHash}`,
    );
  }
}

function replayCommand(machine: Machine, { time, deadline, entry }: JournaledCommand): readonly Json[] {
  const request = decodeRequest(entry);
  if ('malformed' in request || !isCommand(request.request)) {
    throw new ReplayError(`the journal holds an entry that is no command: ${entry.slice(0, 200)}`);
  }
  return machine.execute(request.request, { time, deadline }).journaled;
}
