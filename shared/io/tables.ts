/** How entities stand in Postgres: one table a kind, one column a field, named alike. */
import type { Field, Fields, Value } from '../domain/fields.js';

const COLUMN_TYPES = { integer: 'bigint', amount: 'bigint', text: 'text', flag: 'boolean' } as const;

export interface Column {
  readonly field: string;
  /** `filledQuantity` stands in `filled_quantity`. */
  readonly name: string;
  readonly type: (typeof COLUMN_TYPES)[keyof typeof COLUMN_TYPES];
  readonly nullable: boolean;
}

export function columnName(field: string): string {
  return field.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

/** In the order of the table of fields. */
export function columnsOf<T>(fields: Fields<T>): Column[] {
  return Object.entries<Field<Value>>(fields as Record<string, Field<Value>>).map(
    ([field, { type, nullable }]) => ({
      field,
      name: columnName(field),
      type: COLUMN_TYPES[type],
      nullable,
    }),
  );
}

/** The record of a row read by a pool of `createPool`. */
export function fromRow<T>(fields: Fields<T>, row: Record<string, unknown>): T {
  const record: Record<string, unknown> = {};
  for (const [field, { type }] of Object.entries<Field<Value>>(fields as Record<string, Field<Value>>)) {
    const value = row[columnName(field)];
    record[field] = type === 'integer' && value !== null ? Number(value) : value;
  }
  return record as T;
}
