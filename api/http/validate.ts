/**
 * From text to what a schema promises, or the refusal that says which field is at fault and how.
 *
 * Guarantees: every text gives a value or an `ApiError`; a field's name is repeated at most `MAX_NAME_LENGTH` characters
 * long, a value never.
 */
import type { z } from 'zod';
import { ApiError } from '../errors.js';

const MAX_NAME_LENGTH = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The value of a body; BAD_JSON where it is no JSON object in UTF-8. */
export function parseBody(body: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch {
    throw new ApiError('BAD_JSON', 'the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError('BAD_JSON', 'the body is not a JSON object');
  }
  return value;
}

/** The parameters of a query string by name; one that comes more than once is an array, which no schema takes. */
export function parseQuery(query: string): unknown {
  const parameters: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(query)) {
    const known = parameters[name];
    parameters[name] = known === undefined ? value : [value].concat(known);
  }
  return parameters;
}

/** What the schema makes of the value; MISSING_FIELD, BAD_FIELD or UNKNOWN_FIELD with the field otherwise. */
export function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw refusal(result.error.issues[0]!, value);
}

function refusal(issue: z.core.$ZodIssue, value: unknown): ApiError {
  if (issue.code === 'unrecognized_keys') {
    const field = shortened(issue.keys[0]!);
    return new ApiError('UNKNOWN_FIELD', `${field}: there is no such field here`, field);
  }
  // The schemas are flat: a path is the name of one field.
  const field = String(issue.path[0]);
  if ((value as Record<string, unknown>)[field] === undefined) {
    return new ApiError('MISSING_FIELD', `${field} is missing (${issue.message})`, field);
  }
  return new ApiError('BAD_FIELD', `${field}: ${issue.message}`, field);
}

function shortened(name: string): string {
  return name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, MAX_NAME_LENGTH)}…`;
}
