/**
 * Rows of Postgres as records, many of them fast: the text of a COPY, read byte by byte.
 *
 * Guarantees: what is in memory at once is what one read of the connection brought, however many rows there are; a
 * reader that is slow holds Postgres up. Records hold no part of what was read, so that one that is kept keeps only
 * itself. Postgres has checked the columns; only an integer below zero is found here, and a RowError.
 */
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Field, Fields, Value } from '../domain/fields.js';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NULL_LETTER = 0x4e;
const BACKSLASH = 0x5c;
const TRUE_LETTER = 0x74;
/** So many digits are a number without loss. */
const SAFE_DIGITS = 15;

export class RowError extends Error {}

/**
 * The rows of a query whose columns are those of `fields`, in their order; some at a time.
 * No text of ours holds what COPY would write in two characters, but for the backslash of an idempotency key.
 */
export async function* copyRows<T>(
  client: pg.ClientBase,
  fields: Fields<T>,
  query: string,
): AsyncGenerator<T[]> {
  const read = recordReader(fields);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of client.query(copyTo(`COPY (${query}) TO STDOUT`)) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    const columns = new Columns(bytes);
    const records: T[] = [];
    while (columns.at < end) records.push(read(columns));
    rest = bytes.subarray(end);
    yield records;
  }
}

/** The columns of the rows in some bytes, one after the other; each call goes on to the next one. */
class Columns {
  /** Where the next column begins. */
  at = 0;

  constructor(readonly bytes: Buffer) {}

  integer(): number | null {
    if (this.#isNull()) return null;
    const bytes = this.bytes;
    let value = 0;
    let byte = bytes[this.at++]!;
    for (; byte >= ZERO; byte = bytes[this.at++]!) value = value * 10 + byte - ZERO;
    if (byte !== TAB && byte !== LINE_FEED) throw new RowError('an integer is below zero');
    return value;
  }

  amount(): bigint | null {
    if (this.#isNull()) return null;
    const end = this.#end();
    if (end - this.at > SAFE_DIGITS || this.bytes[this.at] === MINUS) return BigInt(this.#slice(end));
    return BigInt(this.integer()!);
  }

  text(): string | null {
    if (this.#isNull()) return null;
    const text = this.#slice(this.#end());
    return text.includes('\\') ? text.replaceAll('\\\\', '\\') : text;
  }

  flag(): boolean | null {
    if (this.#isNull()) return null;
    const flag = this.bytes[this.at] === TRUE_LETTER;
    this.at += 2;
    return flag;
  }

  #isNull(): boolean {
    const { bytes, at } = this;
    if (bytes[at] !== BACKSLASH || bytes[at + 1] !== NULL_LETTER) return false;
    this.at += 3;
    return true;
  }

  #end(): number {
    const { bytes } = this;
    let end = this.at;
    while (bytes[end] !== TAB && bytes[end] !== LINE_FEED) end++;
    return end;
  }

  #slice(end: number): string {
    const text = this.bytes.toString('latin1', this.at, end);
    this.at = end + 1;
    return text;
  }
}

/** A function with the fields written out, as those of `fields.ts` are. */
function recordReader<T>(fields: Fields<T>): (columns: Columns) => T {
  const table = Object.entries<Field<Value>>(fields as Record<string, Field<Value>>);
  const record = table.map(([name, { type }]) => `${name}: columns.${type}()`);
  return new Function('columns', `return { ${record.join(', ')} };`) as (columns: Columns) => T;
}
