/**
 * `npm run journal -- [--from S] [--to S] [--images]`: the journal of an exchange, to read: each batch, its commands and
 * what they gave, and with --images what it left. Without --from the last commands; without --to up to the end.
 *
 * Guarantees: works beside a running exchange and on one that is stopped; holds a bounded part of the journal in memory;
 * ends quietly when its reader does.
 */
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { readConfig } from '../shared/io/config.js';
import { Journal } from '../shared/io/journal.js';
import { keysOf } from '../shared/io/keys.js';
import { JournalText } from './journal-text.js';
import { type Connections, connect } from './running/connections.js';
import { exitWith, Refusal } from './running/refusal.js';
import { type Stores, withStores } from './running/stores.js';

const DEFAULT_COMMANDS = 20;
/** What the reader's end is called, by the pipe or by the stream. */
const READER_GONE = ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'];

interface Wanted {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly images: boolean;
}

try {
  const wanted = readArguments();
  await withStores(readConfig(), stores => print(stores, wanted));
  process.exit(0);
} catch (error) {
  exitWith(error);
}

function readArguments(): Wanted {
  const { from, to, images = false } = optionsOf(process.argv.slice(2));
  return { from: sequence('from', from), to: sequence('to', to), images };
}

function optionsOf(args: string[]) {
  try {
    const options = {
      from: { type: 'string' },
      to: { type: 'string' },
      images: { type: 'boolean' },
    } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
}

function sequence(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new Refusal(`--${name} is the sequence of a command, a whole number from 1 on, not "${text}".`);
  }
  return value;
}

async function print(stores: Stores, wanted: Wanted): Promise<void> {
  const connections = await connect(stores);
  try {
    await pipeline(lines(connections, stores.namespace, wanted), process.stdout, { end: false });
  } catch (error) {
    if (!READER_GONE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await connections.close();
  }
}

async function* lines(
  { redis, pool }: Connections,
  namespace: string,
  { from, to, images }: Wanted,
): AsyncGenerator<string> {
  const journal = new Journal(redis, keysOf(namespace).journal);
  const oldest = (await journal.page(0)).batches[0];
  if (oldest === undefined) throw new Refusal('The journal is empty.');
  const { last } = await journal.extent();
  const range = {
    from: from ?? Math.max(oldest.first, (to ?? last) - DEFAULT_COMMANDS + 1),
    to: to ?? last,
  };
  if (range.from < oldest.first || range.to > last) {
    yield `The journal holds the sequences ${oldest.first} to ${last}.\n`;
  }
  const text = await JournalText.create(pool, range);
  for await (const batch of journal.after(range.from - 1)) {
    if (batch.first > range.to) return;
    yield text.batch(batch);
    if (images) yield text.images(batch);
  }
}
