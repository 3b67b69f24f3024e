/** A journal that this logic wrote once is replayed for ever, byte for byte: else it is another logic. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { Machine } from '../engine/machine.js';
import { replayBatch } from '../engine/replay.js';
import { decodeEvents, LOGIC } from '../shared/domain/codec.js';
import { EVENT_FIELDS } from '../shared/domain/events.js';
import { batchOf, FIXTURES } from './golden-journal.js';

const file = `${FIXTURES}/logic-${LOGIC}.jsonl.gz`;

t.test(`the golden journal of logic ${LOGIC}`, async t => {
  if (!existsSync(file)) {
    t.fail(
      'there is none: write it with `node dist/test/golden-journal.js`, and drop that of the logic before',
    );
    return;
  }
  const lines = gunzipSync(readFileSync(file)).toString().split('\n');
  const batches = lines.map(batchOf);
  const machine = new Machine();
  for (const batch of batches) replayBatch(machine, batch);
  machine.exchange.audit();
  t.equal(machine.exchange.stateHash, batches.at(-1)!.stateHash);

  const kinds = new Set(batches.flatMap(({ events }) => decodeEvents(events).flat()).map(({ kind }) => kind));
  t.same([...kinds].sort(), Object.keys(EVENT_FIELDS).sort(), 'it has events of every kind');

  const other = { ...batches[0]!, logic: LOGIC + 1 };
  t.throws(() => replayBatch(new Machine(), other), /written by logic/, 'and one of another logic is not');
});
