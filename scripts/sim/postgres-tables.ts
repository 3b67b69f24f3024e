/** The tables of an exchange as Postgres has them: rows of texts by their keys. */
import { ENTITY_KINDS, type EntityKind, KINDS } from '../../shared/domain/entities.js';
import type { Fields } from '../../shared/domain/fields.js';
import { STORED_LEDGER_ENTRY_FIELDS, STORED_TRADE_FIELDS } from '../../shared/domain/history.js';
import { isOpen, type OrderStatus } from '../../shared/domain/orders.js';
import { columnName, columnsOf } from '../../shared/io/tables.js';

/** By column; in Postgres' own notation. */
export type Row = Readonly<Record<string, string | null>>;
/** By the row's key. */
export type Table = Map<string, Row>;
export type Tables = Map<string, Table>;

interface Form {
  readonly key: readonly string[];
  /** Of each column. */
  readonly types: Readonly<Record<string, string>>;
}

export const KLINE_COLUMNS =
  'market interval open_time open high low close volume quote_volume trades taker_buy_volume taker_buy_quote_volume first_trade_id last_trade_id'.split(
    ' ',
  );
const INTEGERS = (...names: string[]) => Object.fromEntries(names.map(name => [name, 'bigint']));

/** The parts that orders are in, and which of them. */
export const ORDER_PARTS: ReadonlyMap<string, (status: OrderStatus) => boolean> = new Map([
  ['open_orders', isOpen],
  ['ended_orders', status => !isOpen(status)],
]);

export const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ...ENTITY_KINDS.filter(kind => kind !== 'order').map((kind): [string, Form] => [
    KINDS[kind].table,
    formOf(kind),
  ]),
  ...Array.from(ORDER_PARTS.keys(), (part): [string, Form] => [part, formOf('order')]),
  ['trades', { key: ['market', 'trade_id'], types: typesOf(STORED_TRADE_FIELDS) }],
  ['ledger', { key: ['account', 'ledger_id'], types: typesOf(STORED_LEDGER_ENTRY_FIELDS) }],
  [
    'klines',
    {
      key: ['market', 'interval', 'open_time'],
      types: { ...INTEGERS(...KLINE_COLUMNS), market: 'text', interval: 'text' },
    },
  ],
  [
    'watermark',
    {
      key: [],
      types: { sequence: 'bigint', state_hash: 'text', head: 'text', exchange_id: 'text', logic: 'integer' },
    },
  ],
]);

export function emptyTables(): Tables {
  return new Map([...FORMS.keys()].map(name => [name, new Map()]));
}

/** What a statement sees of all that was committed before it. */
export function snapshotOf(tables: Tables): Tables {
  return new Map([...tables].map(([name, table]) => [name, new Map(table)]));
}

export function keyOf(table: string, row: Row): string {
  return FORMS.get(table)!
    .key.map(column => row[column])
    .join(' ');
}

/** Of a table, or of all parts of one. */
export function rowsOf(tables: Tables, table: string): Row[] {
  return partsOf(table).flatMap(part => [...tables.get(part)!.values()]);
}

function partsOf(table: string): string[] {
  return table === KINDS.order.table ? [...ORDER_PARTS.keys()] : [table];
}

/** As the driver gives it to the program. */
export function typedValue(table: string, column: string, text: string | null): unknown {
  if (text === null) return null;
  switch (FORMS.get(partsOf(table)[0]!)!.types[column]) {
    case 'bigint':
      return BigInt(text);
    case 'boolean':
      return text === 't';
    case 'integer':
      return Number(text);
    default:
      return text;
  }
}

function formOf(kind: EntityKind): Form {
  const { fields, key } = KINDS[kind];
  return { key: key.map(columnName), types: typesOf(fields as Fields<unknown>) };
}

function typesOf(fields: Fields<unknown>): Record<string, string> {
  return Object.fromEntries(columnsOf(fields).map(({ name, type }) => [name, type]));
}
