/** What is wrong with the answer to a request, whatever the request was. */
import { ERROR_STATUS, type ErrorBody } from '../../api/errors.js';
import { refusalCodes } from '../../api/http/openapi.js';
import { OPERATIONS, type OperationName } from '../../api/http/operations.js';
import type { HttpAnswer, Outcome } from './connection.js';
import type { FuzzRequest } from './requests.js';

const REQUEST_ID = /^[\w.:-]{1,64}$/;
/** Of a stack, a file or a library: what a client should not see. */
const INSIDES = /node_modules|\.[jt]s:\d|\bat \w+ \(|Error:|ECONN|zod/i;

/** By the line of the table that a request names as its route. */
const NAMES = new Map(
  (Object.keys(OPERATIONS) as OperationName[]).map(name => {
    const { method, path } = OPERATIONS[name];
    return [`${method} ${path}`, name];
  }),
);

/** Undefined where nothing is. */
export function faultOf({ expects, method, route }: FuzzRequest, outcome: Outcome): string | undefined {
  if (typeof outcome === 'string') return expects === 'ANSWER' ? `no answer: ${outcome}` : undefined;
  if (outcome.status === 500) return `status 500: ${outcome.body}`;
  if (expects === 'ANYTHING') return undefined;
  if (!REQUEST_ID.test(outcome.headers.get('x-request-id') ?? '')) return 'an answer without an id';
  if (method === 'HEAD') return undefined;
  const fault = outcome.status < 400 ? faultOfSuccess(outcome) : faultOfRefusal(outcome);
  const name = NAMES.get(route ?? '');
  return fault ?? (name && undocumented(name, outcome));
}

/** What the published document does not say of the operation. */
function undocumented(name: OperationName, { status, body }: HttpAnswer): string | undefined {
  if (status === 304) return undefined;
  const answer = parsed(body);
  if (status < 400) {
    const { error } = OPERATIONS[name].answer.safeParse(answer);
    return error && `another form than documented: ${error.message}`;
  }
  const { code } = (answer as ErrorBody).error;
  return refusalCodes(name).has(code) ? undefined : `${code} is not documented for ${name}`;
}

function faultOfSuccess({ status, headers, body }: HttpAnswer): string | undefined {
  if (![200, 201, 204, 304].includes(status)) return `status ${status}`;
  if (!isJson(headers) || body === '') return undefined;
  return parsed(body) === undefined ? `no JSON: ${body.slice(0, 200)}` : undefined;
}

function faultOfRefusal({ status, headers, body }: HttpAnswer): string | undefined {
  const { error } = (parsed(body) ?? {}) as Partial<ErrorBody>;
  if (!isJson(headers) || typeof error?.message !== 'string') return `a refusal without its form: ${body}`;
  if (ERROR_STATUS[error.code] !== status) return `${error.code} with status ${status}`;
  return INSIDES.test(error.message) ? `it tells of our insides: ${error.message}` : undefined;
}

/** The code of a refusal; undefined of anything else. */
export function codeOf(outcome: Outcome): string | undefined {
  if (typeof outcome === 'string' || outcome.status < 400) return undefined;
  return (parsed(outcome.body) as ErrorBody | undefined)?.error?.code;
}

/** Of readiness the answer is a report also where it is 503. */
function isJson(headers: ReadonlyMap<string, string>): boolean {
  return /^application\/json/.test(headers.get('content-type') ?? '');
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
