/** The tables of an exchange as Postgres has them: rows of texts by their keys. */
import { ENTITY_KINDS, KINDS } from '../../shared/domain/entities.js';
import { LEDGER_ENTRY_FIELDS, TRADE_FIELDS } from '../../shared/domain/events.js';
import type { Fields } from '../../shared/domain/fields.js';
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

export const FORMS: ReadonlyMap<string, Form> = new Map<string, Form>([
  ...ENTITY_KINDS.map((kind): [string, Form] => {
    const { table, fields, key } = KINDS[kind];
    return [table, { key: key.map(columnName), types: typesOf(fields as Fields<unknown>) }];
  }),
  [
    'trades',
    { key: ['market', 'trade_id'], types: { ...typesOf(TRADE_FIELDS), ...INTEGERS('time', 'sequence') } },
  ],
  [
    'ledger',
    { key: ['account', 'ledger_id'], types: { ...typesOf(LEDGER_ENTRY_FIELDS), ...INTEGERS('time') } },
  ],
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

/** As the driver gives it to the program. */
export function typedValue(table: string, column: string, text: string | null): unknown {
  if (text === null) return null;
  switch (FORMS.get(table)!.types[column]) {
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

function typesOf(fields: Fields<unknown>): Record<string, string> {
  return Object.fromEntries(columnsOf(fields).map(({ name, type }) => [name, type]));
}
