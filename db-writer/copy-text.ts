/**
 * Records as rows of a COPY in its text format: a record's codec writes them, with a COPY's punctuation instead of
 * JSON's. No text of ours holds a tab or a line break, but an idempotency key may hold a backslash.
 *
 * As strings put together value by value the rows took 1.8 µs a command, as bytes 1.0.
 */
import { ByteWriter, type Word } from '../shared/domain/bytes.js';
import type { RecordCodec } from '../shared/domain/records.js';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;
const NULL_LETTER = 0x4e;

/** So many rows are sent together: Postgres works on them while the next ones are written. */
const ROWS = 1000;

class CopyWriter extends ByteWriter {
  override open(): void {}

  override comma(): void {
    this.byte(TAB);
  }

  override close(): void {
    this.byte(LINE_FEED);
  }

  override null(): void {
    this.byte(BACKSLASH);
    this.byte(NULL_LETTER);
  }

  override word({ text }: Word): void {
    this.text(text);
  }

  override amount(value: bigint): void {
    this.signed(value);
  }

  override text(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const letter = text.charCodeAt(i);
      if (letter === BACKSLASH) this.byte(BACKSLASH);
      this.byte(letter);
    }
  }
}

const writer = new CopyWriter();

/** Some rows at a time. */
export function* copyText<T>(codec: RecordCodec<T>, records: readonly T[]): Generator<Buffer> {
  for (let from = 0; from < records.length; from += ROWS) {
    const end = Math.min(from + ROWS, records.length);
    // A row that failed may have left a part of itself.
    writer.begin(0);
    for (let i = from; i < end; i++) codec.write(records[i]!, writer);
    yield Buffer.from(writer.take());
  }
}
