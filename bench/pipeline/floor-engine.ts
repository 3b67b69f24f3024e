/**
 * The floor of the pipeline: an engine that does nothing. It takes the same entries and commits, by the same script, the
 * bytes that the engine has written for them, which it has read from the engine's journal before. It decodes and applies
 * nothing, and answers nobody.
 */

import { type AppliedBatch, noCommands } from '../../engine/batch.js';
import { CommandLog } from '../../engine/command-log.js';
import { Journal } from '../../shared/io/journal.js';
import { type Keys, keysOf } from '../../shared/io/keys.js';
import { createLogger } from '../../shared/io/log.js';
import { redisAt } from '../../shared/io/redis.js';

/** Where the engine has written, after which sequence, and where the floor writes. */
export interface FloorTask {
  redisUrl: string;
  recorded: string;
  after: number;
  namespace: string;
}

const task = JSON.parse(process.argv[2]!) as FloorTask;
const commandLog = new CommandLog(
  redisAt(task.redisUrl),
  keysOf(task.namespace),
  createLogger('floor', 'warn'),
);
const batches = await recordedBatches(keysOf(task.recorded));
// Whoever has started it is gone, or wants no more.
process.once('disconnect', () => process.exit());

let head = '1:0';
await commandLog.reader.set(keysOf(task.namespace).head, head);
process.send!('ready');

for (let next = 0, last = 0; ; ) {
  let known = (await commandLog.take(head)).entries.length;
  while (known > 0) {
    const batch = batches[next++ % batches.length]!;
    // A sequence is taken once, however often the same is committed.
    last += batch.journal!.last - batch.journal!.first + 1;
    const successor = `1:${Number(head.slice(2)) + 1}`;
    const journal = { ...batch.journal!, last };
    const { entries } = await commandLog.commit(head, successor, { ...batch, journal });
    known += entries.length - batch.taken;
    head = successor;
  }
  await commandLog.wait(head);
}

async function recordedBatches(recorded: Keys): Promise<AppliedBatch[]> {
  const reports = new Map(await reportsOf(recorded));
  const publications = { replies: new Map(), markets: [], listings: [] };
  const all: AppliedBatch[] = [];
  for await (const batch of new Journal(commandLog.reader, recorded.journal).after(task.after)) {
    const taken = batch.last - batch.first + 1;
    all.push({
      taken,
      journal: batch,
      reports: reports.get(`${batch.last}-0`) ?? Buffer.alloc(0),
      deadLetters: [],
      executed: noCommands(),
      refused: noCommands(),
      publications,
    });
  }
  return all;
}

async function reportsOf({ reports }: Keys): Promise<[id: string, reports: Buffer][]> {
  const entries = await commandLog.reader.xrangeBuffer(reports, `(${task.after}-0`, '+');
  return entries.map(([id, [, reports]]) => [id.toString(), reports!]);
}
