/** Rows that are known from elsewhere, compared with those of a table. */
import type { Fields, Tuple } from '../../shared/domain/fields.js';
import { toTuple } from '../../shared/domain/fields.js';
import { type Column, columnsOf, fromRow } from '../../shared/io/tables.js';
import type { Differences } from './check.js';
import { type Evidence, query } from './evidence.js';

export interface Table {
  readonly table: string;
  readonly fields: Fields<unknown>;
  /** The fields that name one row. */
  readonly key: readonly string[];
}

const ROWS_A_QUERY = 10_000;

/** @param expected what the rows must be: their fields in table order */
export async function compareRows(
  evidence: Evidence,
  table: Table,
  expected: readonly Tuple[],
  differences: Differences,
): Promise<void> {
  for (let from = 0; from < expected.length; from += ROWS_A_QUERY) {
    const wanted = expected.slice(from, from + ROWS_A_QUERY);
    const found = await rowsOf(evidence, table, wanted);
    for (const tuple of wanted) {
      const key = keyOf(table, tuple);
      const difference = differenceOf(table, tuple, found.get(key) ?? []);
      if (difference !== undefined) differences.add(`${table.table} ${key} ${difference}`);
    }
  }
}

/** The rows with the keys of the wanted ones. */
async function rowsOf(
  evidence: Evidence,
  table: Table,
  wanted: readonly Tuple[],
): Promise<Map<string, Tuple[]>> {
  const columns = columnsOf(table.fields);
  const places = keyPlaces(table);
  const keyColumns = places.map(place => columns[place] as Column);
  const arrays = keyColumns.map(({ type }, index) => `$${index + 1}::${type}[]`);
  const names = keyColumns.map(({ name }) => name).join(', ');
  const rows = await query(
    evidence,
    `SELECT ${columns.map(({ name }) => name).join(', ')}
     FROM ${table.table} JOIN unnest(${arrays.join(', ')}) AS wanted(${names}) USING (${names})`,
    places.map(place => wanted.map(tuple => tuple[place])),
  );
  const tuples = rows.map(row => toTuple(table.fields, fromRow(table.fields, row)));
  const byKey = new Map<string, Tuple[]>();
  for (const tuple of tuples) {
    const key = keyOf(table, tuple);
    byKey.set(key, [...(byKey.get(key) ?? []), tuple]);
  }
  return byKey;
}

function differenceOf(table: Table, expected: Tuple, [found, another]: readonly Tuple[]): string | undefined {
  if (found === undefined) return 'is missing';
  if (another !== undefined) return 'is there more than once';
  const fields = Object.keys(table.fields);
  const differing = fields.filter((_, place) => found[place] !== expected[place]);
  if (differing.length === 0) return undefined;
  const values = differing.map(field => {
    const place = fields.indexOf(field);
    return `${field} ${found[place]} instead of ${expected[place]}`;
  });
  return `has ${values.join(', ')}`;
}

function keyOf(table: Table, tuple: Tuple): string {
  return keyPlaces(table)
    .map(place => tuple[place])
    .join(' ');
}

function keyPlaces({ fields, key }: Table): number[] {
  const names = Object.keys(fields);
  return key.map(field => names.indexOf(field));
}
