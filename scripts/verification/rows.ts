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
      const difference = differenceOf(table, tuple, found.get(keyOf(table, tuple)));
      if (difference !== undefined) differences.add(difference);
    }
  }
}

/** The rows with the keys of the wanted ones. */
async function rowsOf(
  evidence: Evidence,
  table: Table,
  wanted: readonly Tuple[],
): Promise<Map<string, Tuple>> {
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
  return new Map(tuples.map(tuple => [keyOf(table, tuple), tuple]));
}

function differenceOf(table: Table, expected: Tuple, found: Tuple | undefined): string | undefined {
  const row = `${table.table} ${keyOf(table, expected)}`;
  if (found === undefined) return `${row} is missing`;
  const fields = Object.keys(table.fields);
  const differing = fields.filter((_, place) => found[place] !== expected[place]);
  if (differing.length === 0) return undefined;
  const values = differing.map(field => {
    const place = fields.indexOf(field);
    return `${field} ${found[place]} instead of ${expected[place]}`;
  });
  return `${row} has ${values.join(', ')}`;
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
