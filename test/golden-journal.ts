/**
 * Golden journals: what an engine of each logic wrote, kept in `fixtures/journals`. A change that gives other events or
 * another hash for the same commands is a new logic, and has to say so by its number (docs: OPERATIONS.md, Upgrades).
 *
 * `node dist/test/golden-journal.js` writes the one of the logic that there is now; once it is there it stays as it is.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Admission } from '../engine/admission.js';
import { BatchMaker } from '../engine/batch.js';
import { Clock } from '../engine/clock.js';
import { Machine } from '../engine/machine.js';
import { encodeRequest, fromStreamFields, type JournalBatch, LOGIC } from '../shared/domain/codec.js';
import { FIRST_USER } from '../shared/domain/entities.js';
import { longSession } from './long-session.js';
import type { Input } from './recorded.js';
import { NO_CHANGE } from './script-markets.js';

const COMMANDS = 3000;
const SEED = 20_240_229;
const LARGEST_BATCH = 40;

export const FIXTURES = fileURLToPath(new URL('../../test/fixtures/journals', import.meta.url));

/** Stands still between two batches, at the time of the first command of a batch. */
class SetClock extends Clock {
  time = 0;

  override now(): number {
    return this.time;
  }

  override drift(): number {
    return 0;
  }
}

function* goldenJournal(): Generator<JournalBatch> {
  const clock = new SetClock(0);
  const maker = new BatchMaker({ machine: new Machine(), clock, admission: new Admission() });
  let after = 0;
  let number = 0;
  for (const inputs of batches(goldenSession())) {
    clock.time = inputs[0]!.timing.time;
    const entries = inputs.map(({ command, timing }, requestId) =>
      encodeRequest({ requestId, replyTo: 'golden', deadline: timing.deadline, request: command }),
    );
    const { journal } = maker.apply(entries, { head: `1:${++number}`, after });
    after = journal!.end;
    yield journal!;
  }
}

/** What does not come in a long session, or only late: a deposit that is repeated, a market that is delisted. */
function goldenSession(): Input[] {
  const session = longSession(COMMANDS, SEED);
  const { timing } = session.at(-1)!;
  const body = { account: FIRST_USER, asset: 'USDT', amount: 1n, key: 'golden' };
  const delisting = { ...NO_CHANGE, market: 'AAA_USDT', status: 'DELISTED' } as const;
  return [
    ...session,
    ...Array<Input>(2).fill({ command: { kind: 'DEPOSIT', body }, timing }),
    { command: { kind: 'UPDATE_MARKET', body: delisting }, timing },
  ];
}

/** Of one command, of two, and so on up to the largest, again and again. */
function* batches(inputs: readonly Input[]): Generator<readonly Input[]> {
  for (let at = 0, size = 1; at < inputs.length; at += size, size = (size % LARGEST_BATCH) + 1) {
    yield inputs.slice(at, at + size);
  }
}

/** A line of the file: the parts of a batch as text. */
function lineOf(batch: JournalBatch): string {
  const parts = Object.entries(batch).map(([name, value]) => [
    name,
    Buffer.isBuffer(value) ? value.toString() : value,
  ]);
  return JSON.stringify(Object.fromEntries(parts));
}

export function batchOf(line: string): JournalBatch {
  return fromStreamFields(
    Object.entries(JSON.parse(line) as object).flatMap(([name, value]) => [name, String(value)]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lines = Array.from(goldenJournal(), lineOf);
  writeFileSync(`${FIXTURES}/logic-${LOGIC}.jsonl.gz`, gzipSync(lines.join('\n')), { flag: 'wx' });
}
