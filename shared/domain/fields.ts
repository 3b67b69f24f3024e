/**
 * One description for each field of every command, entity, event and answer, from which follow its form in JSON,
 * its check, its column and its part in the state hash. Leaving a field out of a table does not compile.
 *
 * In JSON a record is an array of its fields in table order: an amount is a string (it may pass 2^53), everything
 * else is itself.
 */

export type Json = string | number | boolean | null | readonly Json[];
export type Value = string | number | bigint | boolean | null;

export interface Field<V extends Value> {
  readonly type: 'integer' | 'amount' | 'text' | 'flag';
  readonly nullable: boolean;
  /** Parses the JSON form; `undefined` where it has another type, form or range. */
  readonly parse: (json: unknown) => V | undefined;
}

export type Fields<T> = { readonly [K in keyof T]-?: T[K] extends Value ? Field<T[K]> : never };

/** What a `Value` is after `JSON.parse(JSON.stringify(toTuple(...)))`. */
export type Tuple = readonly Json[];

const MAX_TEXT_LENGTH = 64;
const MAX_AMOUNT = 2n ** 63n - 1n;
const AMOUNT_PATTERN = /^-?\d{1,19}$/;

/** A whole number from 0 to 2^53 - 1: ids, ticks, lots, milliseconds. */
export const integer: Field<number> = {
  type: 'integer',
  nullable: false,
  parse: json => (Number.isSafeInteger(json) && (json as number) >= 0 ? (json as number) : undefined),
};

/** A signed 64-bit number of an asset's smallest units. */
export const amount: Field<bigint> = {
  type: 'amount',
  nullable: false,
  parse: json => {
    if (typeof json !== 'string' || !AMOUNT_PATTERN.test(json)) return undefined;
    const value = BigInt(json);
    return value > MAX_AMOUNT || value < -MAX_AMOUNT ? undefined : value;
  },
};

/** One to 64 printable ASCII characters. */
export const text: Field<string> = {
  type: 'text',
  nullable: false,
  parse: json =>
    typeof json === 'string' && json.length <= MAX_TEXT_LENGTH && /^[!-~]+$/.test(json) ? json : undefined,
};

export const flag: Field<boolean> = {
  type: 'flag',
  nullable: false,
  parse: json => (typeof json === 'boolean' ? json : undefined),
};

export function oneOf<const V extends string>(values: readonly V[]): Field<V> {
  return {
    type: 'text',
    nullable: false,
    parse: json => ((values as readonly unknown[]).includes(json) ? (json as V) : undefined),
  };
}

export function matching(pattern: RegExp): Field<string> {
  return {
    type: 'text',
    nullable: false,
    parse: json => (typeof json === 'string' && pattern.test(json) ? json : undefined),
  };
}

export function nullable<V extends Value>(field: Field<V>): Field<V | null> {
  return {
    type: field.type,
    nullable: true,
    parse: json => (json === null ? null : field.parse(json)),
  };
}

/** The record as an array in table order. */
export function toTuple<T>(fields: Fields<T>, record: T): Json[] {
  const tuple: Json[] = [];
  for (const name in fields) {
    const value = record[name] as Value;
    tuple.push(typeof value === 'bigint' ? value.toString() : value);
  }
  return tuple;
}

/** The record of an array in table order; `undefined` where a field is malformed, missing or too many. */
export function fromTuple<T>(fields: Fields<T>, tuple: unknown): T | undefined {
  if (!Array.isArray(tuple)) return undefined;
  const record: Partial<T> = {};
  let index = 0;
  for (const name in fields) {
    const value = (fields[name] as Field<Value>).parse(tuple[index++]);
    if (value === undefined) return undefined;
    record[name] = value as T[typeof name];
  }
  return index === tuple.length ? (record as T) : undefined;
}
