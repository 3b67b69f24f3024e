/** The journal: nothing is missing in it, and what it holds of the time before the watermark stands in the tables. */
import {
  decodeEvents,
  decodeImages,
  decodeTimes,
  type JournalBatch,
  sizeOf,
} from '../../shared/domain/codec.js';
import { type EntityKind, KINDS } from '../../shared/domain/entities.js';
import { ledgerEntries } from '../../shared/domain/events.js';
import { type Fields, type Tuple, toTuple } from '../../shared/domain/fields.js';
import {
  STORED_LEDGER_ENTRY_FIELDS,
  STORED_TRADE_FIELDS,
  storedLedgerEntry,
  storedTrade,
} from '../../shared/domain/history.js';
import { type Check, check, counted, Differences } from './check.js';
import { batchesAfter, type Evidence, storedBatches } from './evidence.js';
import { compareRows, type Table } from './rows.js';

const TRADES: Table = {
  table: 'trades',
  fields: STORED_TRADE_FIELDS as Fields<unknown>,
  key: ['market', 'tradeId'],
};
const LEDGER: Table = {
  table: 'ledger',
  fields: STORED_LEDGER_ENTRY_FIELDS as Fields<unknown>,
  key: ['account', 'ledgerId'],
};
/** Rows in memory at once. */
const ROWS_AT_ONCE = 10_000;

export async function* checkJournal(evidence: Evidence): AsyncIterable<Check> {
  yield await check('journal without gaps', () => proveContinuity(evidence));
  yield await check('journal and state', () => proveImages(evidence));
  yield await check('journal and history', () => proveHistory(evidence));
}

async function proveContinuity(evidence: Evidence): Promise<string> {
  const { watermark, journalEnd } = evidence;
  let before: JournalBatch | undefined;
  let first = 0;
  let batches = 0;
  for await (const batch of batchesAfter(evidence, 0, 'reading the journal')) {
    if (before === undefined) first = batch.first;
    else assertFollows(before, batch);
    if (batch.last === watermark.sequence) assertWatermark(evidence, batch);
    before = batch;
    batches++;
  }
  const last = before?.last ?? 0;
  if (last !== journalEnd) throw new Error(`the journal ends at ${last}, its newest entry was ${journalEnd}`);
  if (last < watermark.sequence)
    throw new Error(`the journal ends at ${last}, the watermark is ${watermark.sequence}`);
  if (first > watermark.sequence + 1)
    throw new Error(`the journal begins at ${first}, the watermark is ${watermark.sequence}`);
  return `${counted(batches, 'batches')}, sequences ${first} to ${last}; the watermark is ${watermark.sequence}`;
}

function assertFollows(before: JournalBatch, { first, last, end, ...batch }: JournalBatch): void {
  if (first !== before.last + 1) throw new Error(`sequence ${before.last} is followed by ${first}`);
  const expected = before.end + sizeOf({ first, last, end, ...batch });
  if (end !== expected)
    throw new Error(`sequences ${first} to ${last} end at byte ${end} instead of ${expected}`);
}

function assertWatermark({ watermark }: Evidence, { last, stateHash, head }: JournalBatch): void {
  if (stateHash !== watermark.stateHash || head !== watermark.head) {
    throw new Error(
      `at sequence ${last} the journal has head ${head} and hash ${stateHash}, the watermark ${watermark.head} and ${watermark.stateHash}`,
    );
  }
}

/** The last image of each entity: as many as the margin behind the watermark has, and no more. */
async function proveImages(evidence: Evidence): Promise<string> {
  const latest = new Map<EntityKind, Map<string, Tuple>>();
  for await (const batch of storedBatches(evidence, 'reading the after-images')) {
    for (const { kind, entity } of decodeImages(batch.images)) {
      const tuple = toTuple(KINDS[kind].fields as Fields<unknown>, entity);
      const key = KINDS[kind].key
        .map(field => (entity as unknown as Record<string, unknown>)[field])
        .join(' ');
      if (!latest.has(kind)) latest.set(kind, new Map());
      latest.get(kind)!.set(key, tuple);
    }
  }
  const differences = new Differences();
  const counts: string[] = [];
  for (const [kind, images] of latest) {
    await compareRows(evidence, KINDS[kind] as unknown as Table, [...images.values()], differences);
    counts.push(counted(images.size, KINDS[kind].table));
  }
  differences.assertNone();
  return `the last after-images equal their rows: ${counts.join(', ') || 'none'}`;
}

async function proveHistory(evidence: Evidence): Promise<string> {
  const differences = new Differences();
  const counts = { trades: 0, ledger: 0 };
  let trades: Tuple[] = [];
  let ledger: Tuple[] = [];
  const compare = async () => {
    await compareRows(evidence, TRADES, trades, differences);
    await compareRows(evidence, LEDGER, ledger, differences);
    counts.trades += trades.length;
    counts.ledger += ledger.length;
    trades = [];
    ledger = [];
  };
  for await (const batch of storedBatches(evidence, 'reading the events')) {
    const times = decodeTimes(batch.commands);
    for (const [index, events] of decodeEvents(batch.events).entries()) {
      const [time, sequence] = [times[index]!, batch.first + index];
      for (const event of events) {
        if (event.kind === 'TRADE')
          trades.push(toTuple(STORED_TRADE_FIELDS, storedTrade(event.body, time, sequence)));
        for (const entry of ledgerEntries(event))
          ledger.push(toTuple(STORED_LEDGER_ENTRY_FIELDS, storedLedgerEntry(entry, time)));
      }
    }
    if (ledger.length >= ROWS_AT_ONCE) await compare();
  }
  await compare();
  differences.assertNone();
  return `its events equal their rows: ${counted(counts.trades, 'trades')}, ${counted(counts.ledger, 'ledger entries')}`;
}
