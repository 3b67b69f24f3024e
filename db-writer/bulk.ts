/**
 * Many rows in one statement: rows that are certainly new by COPY, others as one array a column, unnested side by side.
 *
 * COPY packs many rows into one record of the log and looks for no conflict: at 14,000 orders a second Postgres took 24 %
 * of a core instead of 32.
 *
 * Chosen by measurement (embedded Postgres 18, two cores, fsync on, transactions of 1000 commands, each an order, 1.6
 * balances, half a trade and two ledger entries; CPU of node and Postgres together, µs a command, median of three):
 * column arrays unnested in the select list 38, in the from list 41 (it stores the rows once more; with pg's own or with
 * binary arrays 41 too), `jsonb_array_elements` 43, `json_table` 49, `json_to_recordset` 49. Four fifths of it are
 * Postgres, and most of that the indexes.
 *
 * The statements follow from the tables of fields, so that a new field needs a migration and nothing here.
 */
import type pg from 'pg';
import { ENTITY_KINDS, type EntityKind, KINDS } from '../shared/domain/entities.js';
import { LEDGER_ENTRY_FIELDS, TRADE_FIELDS } from '../shared/domain/events.js';
import type { Fields, Json } from '../shared/domain/fields.js';
import { type Column, columnName, columnsOf } from '../shared/io/tables.js';
import type { Row } from './fold.js';

export interface BulkStatement {
  /** Under which a connection keeps it prepared. */
  readonly name: string;
  readonly text: string;
  /** Types of the columns, in the order of a row's values. */
  readonly types: readonly string[];
}

type TypedColumn = Pick<Column, 'name' | 'type'>;

const TIME: TypedColumn = { name: 'time', type: 'bigint' };
const SEQUENCE: TypedColumn = { name: 'sequence', type: 'bigint' };

export const COPY_TRADES = copy('trades', [...columnsOf(TRADE_FIELDS), TIME, SEQUENCE]);
export const COPY_LEDGER = copy('ledger', [...columnsOf(LEDGER_ENTRY_FIELDS), TIME]);
export const COPY_ORDERS = copy(KINDS.order.table, columnsOf(KINDS.order.fields));
export const UPSERTS = Object.fromEntries(ENTITY_KINDS.map(kind => [kind, upsert(kind)])) as Record<
  EntityKind,
  BulkStatement
>;

export function bulkQuery({ name, text, types }: BulkStatement, rows: readonly Row[]): pg.QueryConfig {
  return { name, text, values: types.map((type, place) => arrayLiteral(type, rows, place)) };
}

/** So many rows are sent together: Postgres works on them while the next ones become text. */
const COPY_CHUNK = 1000;

/** Rows in the text format of a COPY statement, some at a time. */
export function* copyText(rows: readonly Row[]): Generator<string> {
  let text = '';
  for (const [index, row] of rows.entries()) {
    text += copyLine(row);
    if (index % COPY_CHUNK < COPY_CHUNK - 1 && index < rows.length - 1) continue;
    yield text;
    text = '';
  }
}

function copyLine(row: Row): string {
  let line = copyValue(row[0]!);
  for (let place = 1; place < row.length; place++) line += `\t${copyValue(row[place]!)}`;
  return `${line}\n`;
}

/** No text of ours holds a tab or a line break, but an idempotency key may hold a backslash. */
function copyValue(value: Json): string {
  if (value === null) return '\\N';
  return typeof value === 'string' && value.includes('\\') ? value.replaceAll('\\', '\\\\') : `${value}`;
}

function copy(table: string, columns: readonly TypedColumn[]): string {
  return `COPY ${table} (${columns.map(({ name }) => name).join(', ')}) FROM STDIN`;
}

function insert(table: string, columns: readonly TypedColumn[]): BulkStatement {
  const arrays = columns.map(({ type }, place) => `unnest($${place + 1}::${type}[])`);
  return {
    name: `insert ${table}`,
    text: `INSERT INTO ${table} (${columns.map(({ name }) => name).join(', ')}) SELECT ${arrays.join(', ')}`,
    types: columns.map(({ type }) => type),
  };
}

/** The rows replace those of the same key. */
function upsert(kind: EntityKind): BulkStatement {
  const { table, fields, key } = KINDS[kind];
  const columns = columnsOf(fields as Fields<unknown>);
  const { name, text, types } = insert(table, columns);
  const keyColumns = key.map(columnName);
  const replaced = columns
    .filter(column => !keyColumns.includes(column.name))
    .map(column => `${column.name} = excluded.${column.name}`);
  return {
    name: `up${name}`,
    text: `${text} ON CONFLICT (${keyColumns.join(', ')}) DO UPDATE SET ${replaced.join(', ')}`,
    types,
  };
}

/** A column of the rows in Postgres' own notation. */
function arrayLiteral(type: string, rows: readonly Row[], place: number): string {
  const notation = type === 'text' ? quoted : String;
  return `{${rows.map(row => (row[place] === null ? 'NULL' : notation(row[place]))).join(',')}}`;
}

function quoted(text: unknown): string {
  return `"${String(text).replace(/["\\]/g, '\\$&')}"`;
}
