/**
 * Many rows in one statement: rows that are certainly new, or whose old ones were taken out, by COPY; others as one array
 * a column, unnested side by side.
 *
 * COPY packs many rows into one record of the log and looks for no conflict: at 14,000 orders a second Postgres took 24 %
 * of a core instead of 32.
 *
 * Chosen by measurement, when orders were one table (embedded Postgres 18, two cores, fsync on, transactions of 1000
 * commands, each an order, 1.6 balances, half a trade and two ledger entries; CPU of node and Postgres together, µs a
 * command, median of three):
 * column arrays unnested in the select list 38, in the from list 41 (it stores the rows once more; with pg's own or with
 * binary arrays 41 too), `jsonb_array_elements` 43, `json_table` 49, `json_to_recordset` 49. Four fifths of it are
 * Postgres, and most of that the indexes.
 *
 * The statements follow from the tables of fields, so that a new field needs a migration and nothing here.
 */
import type pg from 'pg';
import type { Images } from '../shared/domain/codec.js';
import { ENTITY_KINDS, type EntityKind, KINDS } from '../shared/domain/entities.js';
import { type Fields, type Json, toTuple } from '../shared/domain/fields.js';
import { STORED_LEDGER_ENTRY_FIELDS, STORED_TRADE_FIELDS } from '../shared/domain/history.js';
import { type RecordCodec, recordCodec } from '../shared/domain/records.js';
import { columnName, columnsOf } from '../shared/io/tables.js';
import type { MarketCandle } from './candles.js';

export interface CopyStatement<T> {
  readonly text: string;
  readonly codec: RecordCodec<T>;
}

export interface BulkStatement {
  /** Under which a connection keeps it prepared, with its plan. */
  readonly name: string;
  readonly text: string;
  /** Types of the columns, in the order of a row's values. */
  readonly types: readonly string[];
}

/** The values of one table row, in the order of its columns. */
export type Row = readonly Json[];

/** Where orders are, by their status. */
const OPEN_ORDERS = 'open_orders';
const ENDED_ORDERS = 'ended_orders';

export const COPY_OPEN_ORDERS = copyStatement(OPEN_ORDERS, KINDS.order.fields);
export const COPY_ENDED_ORDERS = copyStatement(ENDED_ORDERS, KINDS.order.fields);
export const COPY_TRADES = copyStatement('trades', STORED_TRADE_FIELDS);
export const COPY_LEDGER = copyStatement('ledger', STORED_LEDGER_ENTRY_FIELDS);

/** Of accounts and order ids. */
export const TAKE_OUT_ORDERS: BulkStatement = {
  name: 'take out orders',
  text: `DELETE FROM ${OPEN_ORDERS} AS stored
    USING (SELECT unnest($1::bigint[]) AS account, unnest($2::bigint[]) AS order_id) AS changed
    WHERE stored.account = changed.account AND stored.order_id = changed.order_id`,
  types: ['bigint', 'bigint'],
};

export function copyStatement<T>(table: string, fields: Fields<T>): CopyStatement<T> {
  const columns = columnsOf(fields).map(({ name }) => name);
  return { text: `COPY ${table} (${columns.join(', ')}) FROM STDIN`, codec: recordCodec(fields) };
}

/** Of the kinds of which an entity is one row as long as it lives: the rows replace those of the same key. */
type UpsertedKind = Exclude<EntityKind, 'order'>;
export const UPSERTED_KINDS = ENTITY_KINDS.filter((kind): kind is UpsertedKind => kind !== 'order');
const UPSERTS = new Map(UPSERTED_KINDS.map(kind => [kind, upsertStatement(kind)]));

export function upsert(kind: UpsertedKind, entities: Images[UpsertedKind]): pg.QueryConfig {
  const fields = KINDS[kind].fields as Fields<unknown>;
  return bulkQuery(
    UPSERTS.get(kind)!,
    entities.map(entity => toTuple(fields, entity)),
  );
}

export function bulkQuery({ name, text, types }: BulkStatement, rows: readonly Row[]): pg.QueryConfig {
  return { name, text, values: types.map((type, place) => arrayLiteral(type, rows, place)) };
}

/** In the order of the parameters of `add-candles.sql`. */
export function candleRow({ market, interval, candle }: MarketCandle): Row {
  return [
    market,
    interval,
    candle.openTime,
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.volume.toString(),
    candle.quoteVolume.toString(),
    candle.trades,
    candle.takerBuyVolume.toString(),
    candle.takerBuyQuoteVolume.toString(),
    candle.firstTradeId,
    candle.lastTradeId,
  ];
}

function upsertStatement(kind: UpsertedKind): BulkStatement {
  const { table, fields, key } = KINDS[kind];
  const columns = columnsOf(fields as Fields<unknown>);
  const names = columns.map(({ name }) => name);
  const arrays = columns.map(({ type }, place) => `unnest($${place + 1}::${type}[])`);
  const keyColumns = key.map(columnName);
  const replaced = names.filter(name => !keyColumns.includes(name)).map(name => `${name} = excluded.${name}`);
  return {
    name: `upsert ${table}`,
    text:
      `INSERT INTO ${table} (${names.join(', ')}) SELECT ${arrays.join(', ')} ` +
      `ON CONFLICT (${keyColumns.join(', ')}) DO UPDATE SET ${replaced.join(', ')}`,
    types: columns.map(({ type }) => type),
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
