/**
 * The few statements that the product uses, by their form: what each reads and writes. Anything else is an error, so that
 * a new statement is noticed at once.
 */
import pg from 'pg';
import type { OrderStatus } from '../../shared/domain/orders.js';
import {
  FORMS,
  KLINE_COLUMNS,
  keyOf,
  ORDER_PARTS,
  type Row,
  rowsOf,
  type Tables,
  typedValue,
} from './postgres-tables.js';

export interface Result {
  rows: Record<string, unknown>[];
  rowCount: number;
}

/** What a statement works on: what it sees, and where its rows go. */
export interface View {
  readonly tables: Tables;
  /** Replaces the row of the same key when the transaction commits. */
  write(table: string, key: string, row: Row): void;
  /** Takes the row out when the transaction commits. */
  remove(table: string, key: string): void;
  find(table: string, key: string): Row | undefined;
}

export interface Statement {
  readonly text: string;
  /** Parameters as texts. */
  readonly values: readonly (string | null)[];
  /** Of a COPY into a table. */
  readonly data?: string;
}

const UNIQUE_VIOLATION = '23505';
const CHECK_VIOLATION = '23514';

export function failure(code: string, message: string): Error {
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code });
}

type Run = (view: View, match: RegExpExecArray, statement: Statement) => Result;

const FORMS_OF_STATEMENTS: readonly (readonly [RegExp, Run])[] = [
  [/^SELECT current_setting/, () => resultOf([{ value: 'on' }])],
  [/^SELECT ([\w, ]+) FROM watermark/m, selectWatermark],
  [/^INSERT INTO watermark \(sequence, state_hash, head, exchange_id, logic\)/, insertWatermark],
  [/^UPDATE watermark SET/m, moveWatermark],
  [/^\s*SELECT ([\w, ]+) FROM trades\s+WHERE market = \$1 AND trade_id BETWEEN/, selectTrades],
  [/^\s*SELECT newest\.\* FROM unnest/, selectCandles],
  [/^COPY (\w+) \(([\w, ]+)\) FROM STDIN/, copyIn],
  [/^INSERT INTO (\w+) \(([\w, ]+)\) SELECT [\s\S]* ON CONFLICT/, upsert],
  [/^INSERT INTO klines AS stored/m, addCandles],
  [/^DELETE FROM open_orders AS stored/, takeOutOrders],
];

/** What was found for a text, of which there are few. */
const known = new Map<string, (view: View, statement: Statement) => Result>();

export function run(view: View, statement: Statement): Result {
  const { text } = statement;
  const execute = known.get(text) ?? executionOf(text);
  known.set(text, execute);
  return execute(view, statement);
}

function executionOf(text: string): (view: View, statement: Statement) => Result {
  for (const [form, execute] of FORMS_OF_STATEMENTS) {
    const match = form.exec(text);
    if (match !== null) return (view, statement) => execute(view, match, statement);
  }
  throw new Error(`the simulated Postgres does not know: ${text}`);
}

/** The text of `COPY (SELECT … FROM table WHERE … ORDER BY …) TO STDOUT`. */
export function copyOut(tables: Tables, text: string): string {
  const match = /^COPY \(SELECT ([\w, ]+) FROM (\w+) WHERE (.*) ORDER BY ([\w, ]+)\) TO STDOUT/.exec(text);
  if (match === null) throw new Error(`the simulated Postgres does not know: ${text}`);
  const [, columns, table, condition, order] = match as unknown as [string, string, string, string, string];
  const rows = rowsOf(tables, table).filter(row => holds(condition, row));
  rows.sort(byColumns(table, order.split(', ')));
  return rows
    .map(
      row =>
        `${columns
          .split(', ')
          .map(column => copyText(row[column]!))
          .join('\t')}\n`,
    )
    .join('');
}

export function isWatermarkUpdate(text: string): boolean {
  return /^UPDATE watermark SET/m.test(text);
}

function holds(condition: string, row: Row): boolean {
  switch (condition) {
    case 'TRUE':
      return true;
    case 'NOT expired':
      return row.expired === 'f';
    case "status IN ('NEW', 'PARTIALLY_FILLED')":
      return row.status === 'NEW' || row.status === 'PARTIALLY_FILLED';
    default:
      throw new Error(`the simulated Postgres does not know: WHERE ${condition}`);
  }
}

function byColumns(table: string, columns: readonly string[]) {
  return (a: Row, b: Row): number => {
    for (const column of columns) {
      const [left, right] = [
        typedValue(table, column, a[column]!),
        typedValue(table, column, b[column]!),
      ] as [string, string];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  };
}

function copyText(text: string | null): string {
  return text === null ? '\\N' : text.replaceAll('\\', '\\\\');
}

function resultOf(rows: Record<string, unknown>[]): Result {
  return { rows, rowCount: rows.length };
}

function values(table: string, columns: readonly string[], row: Row): Record<string, unknown> {
  return Object.fromEntries(columns.map(column => [column, typedValue(table, column, row[column]!)]));
}

function selectWatermark({ tables }: View, [, columns]: RegExpExecArray): Result {
  const rows = [...tables.get('watermark')!.values()];
  return resultOf(rows.map(row => values('watermark', columns!.split(', '), row)));
}

function insertWatermark(
  view: View,
  _match: RegExpExecArray,
  { values: [hash, id, logic] }: Statement,
): Result {
  if (view.find('watermark', '') !== undefined) return resultOf([]);
  const row = { sequence: '0', state_hash: hash!, head: '0:0', exchange_id: id!, logic: logic! };
  view.write('watermark', '', row);
  return { rows: [], rowCount: 1 };
}

function moveWatermark(view: View, _match: RegExpExecArray, { values: parameters }: Statement): Result {
  const [sequence, hash, head, logic, from, id] = parameters;
  const row = view.find('watermark', '');
  if (row === undefined || row.sequence !== from || row.exchange_id !== id) return resultOf([]);
  view.write('watermark', '', { ...row, sequence: sequence!, state_hash: hash!, head: head!, logic: logic! });
  return { rows: [], rowCount: 1 };
}

function selectTrades(
  { tables }: View,
  [, columns]: RegExpExecArray,
  { values: parameters }: Statement,
): Result {
  const [market, first, last] = parameters;
  const isWanted = ({ market: of, trade_id }: Row) =>
    of === market && Number(trade_id) >= Number(first) && Number(trade_id) <= Number(last);
  const rows = [...tables.get('trades')!.values()].filter(isWanted);
  rows.sort(byColumns('trades', ['trade_id'])).reverse();
  return resultOf(rows.map(row => values('trades', columns!.split(', '), row)));
}

/** The newest of each interval, and those of a minute from a time on. */
function selectCandles({ tables }: View, _match: RegExpExecArray, { values: parameters }: Statement): Result {
  const [market, intervals, count, from] = parameters;
  const rows = [...tables.get('klines')!.values()].filter(row => row.market === market);
  rows.sort(byColumns('klines', ['open_time']));
  const newest = intervals!.split(',').flatMap(interval => {
    const ofInterval = rows.filter(row => row.interval === interval);
    return ofInterval.slice(Math.max(0, ofInterval.length - Number(count)));
  });
  const minutes = rows.filter(row => row.interval === '1m' && Number(row.open_time) >= Number(from));
  const found = rows.filter(row => newest.includes(row) || minutes.includes(row));
  return resultOf(found.map(row => values('klines', KLINE_COLUMNS, row)));
}

function copyIn(view: View, [, table, columns]: RegExpExecArray, { data }: Statement): Result {
  const names = columns!.split(', ');
  const lines = data!.split('\n').slice(0, -1);
  for (const line of lines) {
    const row = rowOf(names, line.split('\t').map(copiedValue), table!);
    const key = keyOf(table!, row);
    if (ORDER_PARTS.get(table!)?.(row.status as OrderStatus) === false)
      throw failure(CHECK_VIOLATION, `${table} takes no order that is ${row.status}`);
    if (view.find(table!, key) !== undefined)
      throw failure(UNIQUE_VIOLATION, `duplicate key ${key} in ${table}`);
    view.write(table!, key, row);
  }
  return { rows: [], rowCount: lines.length };
}

function copiedValue(text: string): string | null {
  return text === '\\N' ? null : text.replaceAll('\\\\', '\\');
}

function upsert(view: View, [, table, columns]: RegExpExecArray, statement: Statement): Result {
  const rows = rowsOfArrays(columns!.split(', '), statement, table!);
  for (const row of rows) view.write(table!, keyOf(table!, row), row);
  return { rows: [], rowCount: rows.length };
}

function takeOutOrders(view: View, _match: RegExpExecArray, { values: parameters }: Statement): Result {
  const [accounts, orderIds] = parameters.map(parameter => arrayItems(parameter!)) as [string[], string[]];
  const keys = accounts.map((account, place) => `${account} ${orderIds[place]}`);
  const found = keys.filter(key => view.find('open_orders', key) !== undefined);
  for (const key of found) view.remove('open_orders', key);
  return { rows: [], rowCount: found.length };
}

/** A trade that was left out or added twice is found. */
function addCandles(view: View, _match: RegExpExecArray, statement: Statement): Result {
  const rows = rowsOfArrays(KLINE_COLUMNS, statement, 'klines');
  for (const row of rows) {
    const key = keyOf('klines', row);
    const stored = view.find('klines', key);
    const merged = stored === undefined ? row : mergeRows(stored, row);
    if (BigInt(merged.trades!) !== BigInt(merged.last_trade_id!) - BigInt(merged.first_trade_id!) + 1n)
      throw failure(CHECK_VIOLATION, `klines_every_trade_once: ${key}`);
    view.write('klines', key, merged);
  }
  return { rows: [], rowCount: rows.length };
}

/** Of numbers of any size; the statement's own rules, not the product's. */
function mergeRows(stored: Row, later: Row): Row {
  const sum = (column: string) => String(BigInt(stored[column]!) + BigInt(later[column]!));
  const pick = (column: string, larger: boolean) =>
    BigInt(stored[column]!) > BigInt(later[column]!) === larger ? stored[column]! : later[column]!;
  return {
    ...stored,
    high: pick('high', true),
    low: pick('low', false),
    close: later.close!,
    last_trade_id: later.last_trade_id!,
    volume: sum('volume'),
    quote_volume: sum('quote_volume'),
    trades: sum('trades'),
    taker_buy_volume: sum('taker_buy_volume'),
    taker_buy_quote_volume: sum('taker_buy_quote_volume'),
  };
}

/** Of a statement with an array for each column. */
function rowsOfArrays(columns: readonly string[], { values: parameters }: Statement, table: string): Row[] {
  const arrays = parameters.map(parameter => arrayItems(parameter!));
  return arrays[0]!.map((_, index) =>
    rowOf(
      columns,
      arrays.map(array => array[index]!),
      table,
    ),
  );
}

function rowOf(columns: readonly string[], texts: readonly (string | null)[], table: string): Row {
  const { types } = FORMS.get(table)!;
  const row: Record<string, string | null> = {};
  columns.forEach((column, index) => {
    const text = texts[index]!;
    row[column] = types[column] === 'boolean' && text !== null ? text[0]! : text;
  });
  return row;
}

/** `{a,"b \" c",NULL}`. */
function arrayItems(literal: string): (string | null)[] {
  if (!literal.includes('"')) return literal.slice(1, -1).split(',').map(plainItem);
  const items: (string | null)[] = [];
  const item = /"((?:[^"\\]|\\.)*)"|([^,{}"]+)/g;
  for (const [, quoted, plain] of literal.matchAll(item)) {
    if (quoted !== undefined) items.push(quoted.replace(/\\(.)/g, '$1'));
    else items.push(plainItem(plain!));
  }
  return items;
}

function plainItem(text: string): string | null {
  return text === 'NULL' ? null : text;
}
