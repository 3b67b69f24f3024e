/**
 * Records as bytes: what follows from a table of fields for writing and reading a record as a JSON array in table order,
 * and what is made of records.
 * The functions are compiled, with the table's fields written out (fields.ts says why).
 */
import { type ByteReader, type ByteWriter, ROOM, Word } from './bytes.js';
import type { Field, Fields, Value } from './fields.js';

/** At most so many brackets and commas stand together. */
export const BRACKETS = 4;

export interface RecordCodec<T> {
  write(record: T, writer: ByteWriter): void;
  /** Fails the reader where a field is malformed, missing or too many. */
  read(reader: ByteReader): T;
}

export function recordCodec<T>(fields: Fields<T>): RecordCodec<T> {
  const table = tableOf(fields);
  return {
    write: writing(table),
    read: reading(table, 'reader.open();'),
  };
}

/** Of a record behind a tag that says what it is; to be read once the tag has been. */
export function taggedCodec<T>(tag: string, fields: Fields<T>): RecordCodec<T> {
  const table = tableOf(fields);
  return {
    write: writing(table, new Word(tag)),
    read: reading(table, table.length === 0 ? '' : 'reader.comma();'),
  };
}

/** Of one field's values. */
export function valueCodec<V extends Value>(field: Field<V>): RecordCodec<V> {
  const words = wordsOf(field);
  const write = `writer.reserve(${ROOM[field.type]}); ${writingOf('value', field, 'words')}`;
  return {
    write: new Function('words', `return (value, writer) => { ${write} };`)(words),
    read: new Function('check', `return reader => ${readingOf(field, 'check')};`)(words ?? field.parse),
  };
}

export type PartCodecs<T> = { readonly [K in keyof T]-?: RecordCodec<T[K]> };

/**
 * Of what is made of parts, which stand side by side without brackets.
 * @param also what a record has besides when it is read
 */
export function partsCodec<T>(
  parts: PartCodecs<T>,
  also: Readonly<Record<string, string>> = {},
): RecordCodec<T> {
  const names = Object.keys(parts);
  const codecs = Object.values(parts);
  const writes = names.map((name, i) => `codecs[${i}].write(record.${name}, writer);`);
  const write = writes.join(` writer.reserve(${BRACKETS}); writer.comma(); `);
  const reads = names.map((_, i) => `const v${i} = codecs[${i}].read(reader);`).join(' reader.comma(); ');
  const constants = Object.entries(also).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const record = [...constants, ...names.map((name, i) => `${name}: v${i}`)].join(', ');
  return {
    write: new Function('codecs', `return (record, writer) => { ${write} };`)(codecs),
    read: new Function('codecs', `return reader => { ${reads} return { ${record} }; };`)(codecs),
  };
}

/** Of any number of records. */
export function listCodec<T>({ write, read }: RecordCodec<T>): RecordCodec<readonly T[]> {
  return {
    write(list, writer) {
      writer.reserve(BRACKETS);
      writer.open();
      for (let i = 0; i < list.length; i++) {
        writer.reserve(BRACKETS);
        if (i > 0) writer.comma();
        write(list[i]!, writer);
      }
      writer.reserve(BRACKETS);
      writer.close();
    },
    read(reader) {
      reader.open();
      const list: T[] = [];
      while (reader.more(list.length)) list.push(read(reader));
      return list;
    },
  };
}

type Table = readonly (readonly [name: string, field: Field<Value>])[];

function tableOf<T>(fields: Fields<T>): Table {
  return Object.entries<Field<Value>>(fields as Record<string, Field<Value>>);
}

function writing<T>(table: Table, tag?: Word): RecordCodec<T>['write'] {
  const room = table.reduce((sum, [, { type }]) => sum + ROOM[type], 2 + ROOM.text);
  const words = table.map(([, field]) => wordsOf(field));
  const fields = table.map(([name, field], i) => writingOf(`record.${name}`, field, `words[${i}]`));
  const values = tag === undefined ? fields : ['writer.word(tag);', ...fields];
  const body = `writer.reserve(${room}); writer.open(); ${values.join(' writer.comma(); ')} writer.close();`;
  const compiled = new Function('tag', 'words', `return (record, writer) => { ${body} };`);
  return compiled(tag, words) as RecordCodec<T>['write'];
}

function writingOf(value: string, { type, nullable, values }: Field<Value>, words: string): string {
  const write =
    values === undefined ? `writer.${type}(${value});` : `writer.word(${wordOf(value, values, words)});`;
  return nullable ? `if (${value} === null) writer.null(); else ${write}` : write;
}

function wordOf(value: string, values: readonly Value[], words: string): string {
  const choices = values.map((one, i) => `${value} === ${JSON.stringify(one)} ? ${words}[${i}] : `);
  return `${choices.join('')}undefined`;
}

/** Of a field that is one of a list. */
function wordsOf({ values }: Field<Value>): Word[] | undefined {
  return values?.map(value => new Word(String(value)));
}

function reading<T>(table: Table, before: string): RecordCodec<T>['read'] {
  const checks = table.map(([, field]) => wordsOf(field) ?? field.parse);
  const values = table.map(([, field], i) => `const v${i} = ${readingOf(field, `checks[${i}]`)};`);
  const record = table.map(([name], i) => `${name}: v${i}`);
  const body = `${before} ${values.join(' reader.comma(); ')} reader.close(); return { ${record.join(', ')} };`;
  return new Function('checks', `return reader => { ${body} };`)(checks) as RecordCodec<T>['read'];
}

function readingOf({ type, nullable, values }: Field<Value>, check: string): string {
  const readText = `reader.${values === undefined ? 'text' : 'oneOf'}(${check})`;
  const read = type === 'text' ? readText : `reader.${type}()`;
  return nullable ? `reader.null() ? null : ${read}` : read;
}
