/** The OpenAPI 3.1 document of the HTTP interface, made from the table of operations and their documentation. */
import { z } from 'zod';
import { ERROR_STATUS, type ErrorCode, WEBSOCKET_CODES } from '../errors.js';
import { DOCUMENTATION } from './documentation.js';
import { EXAMPLES, type Example } from './examples.js';
import { OPERATIONS, type Operation, type OperationName } from './operations.js';

export const VERSION = '1.0.0';

type Json = Readonly<Record<string, unknown>>;

/** The code of every refusal of the HTTP interface. */
const HTTP_CODES = (Object.keys(ERROR_STATUS) as ErrorCode[]).filter(
  code => !(WEBSOCKET_CODES as readonly ErrorCode[]).includes(code),
);

export const errorBody = z.strictObject({
  error: z.strictObject({
    code: z.enum(HTTP_CODES),
    message: z.string(),
    field: z.string().optional().meta({ description: 'the field of the request that is at fault' }),
  }),
});

/** A schema as it is published: of what is sent, not of what becomes of it. */
export function jsonSchema(schema: z.ZodType): Json {
  const { $schema, ...published } = z.toJSONSchema(schema, { io: 'input' });
  return published;
}

/** Of an answer: a client must bear fields that come to it later. */
export function answerSchema(schema: z.ZodType): Json {
  const { $schema, ...published } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return published;
}

export function openApi(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    const path = operation.path.replace(/:(\w+)$/, '{$1}');
    paths[path] = {
      ...paths[path],
      [operation.method.toLowerCase()]: describe(name as OperationName, operation),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lockstep',
      version: VERSION,
      description:
        'An exchange. Prices, quantities and amounts are decimal strings without sign or exponent; ids are decimal integers as strings; times are milliseconds since the epoch, UTC. Every answer has an `X-Request-Id`, the request’s if it sent one. The streams of the WebSocket are described at `/api/v1/asyncapi.json`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(Object.values(OPERATIONS).map(tagOf))].map(name => ({ name })),
    paths,
    components: {
      schemas: { Error: answerSchema(errorBody) },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function describe(name: OperationName, operation: Operation): Json {
  const documentation = DOCUMENTATION[name];
  const { summary, description } = documentation;
  const example: Example<OperationName> = EXAMPLES[name];
  const success = {
    description: summary,
    content: { 'application/json': { schema: answerSchema(operation.answer), example: example.answer } },
  };
  const statuses = [operation.status, ...(documentation.alsoAnswersWith ?? [])];
  return {
    operationId: name,
    tags: [tagOf(operation)],
    summary,
    ...(description !== undefined && { description }),
    ...(operation.auth !== 'none' && { security: [{ token: [] }] }),
    ...inputOf(operation, example),
    responses: {
      ...refusalsOf(name),
      ...Object.fromEntries(statuses.map(status => [status, success])),
    },
  };
}

/** Such as `order` or `admin`; what anybody may read of the markets is `market data`. */
function tagOf({ path, auth }: Operation): string {
  const [, , , first = 'health'] = path.split('/');
  return auth === 'none' && first !== 'user' && path.startsWith('/api/') ? 'market data' : first;
}

function hasBody({ method }: Operation): boolean {
  return method === 'POST' || method === 'PATCH';
}

function inputOf(operation: Operation, { request, parameter }: Example<OperationName>): Json {
  const schema = jsonSchema(operation.input);
  const [, named] = /:(\w+)$/.exec(operation.path) ?? [];
  const inPath =
    named === undefined
      ? []
      : [{ name: named, in: 'path', required: true, schema: { type: 'string' }, example: parameter }];
  if (hasBody(operation)) {
    const requestBody = { required: true, content: { 'application/json': { schema, example: request } } };
    return { ...(inPath.length > 0 && { parameters: inPath }), requestBody };
  }
  const { properties = {}, required = [] } = schema as { properties?: Json; required?: string[] };
  const examples = request as Json;
  const parameters = Object.entries(properties).map(([field, property]) => ({
    name: field,
    in: 'query',
    required: required.includes(field),
    schema: property,
    ...(field in examples && { example: examples[field] }),
  }));
  return { parameters: [...inPath, ...parameters] };
}

/** Every code by which an operation may be refused. */
export function refusalCodes(name: OperationName): ReadonlySet<ErrorCode> {
  return new Set([...commonRefusals(OPERATIONS[name]), ...DOCUMENTATION[name].refuses]);
}

/** One answer for each status, which says by which codes it comes. */
function refusalsOf(name: OperationName): Json {
  const byStatus: Record<number, ErrorCode[]> = {};
  for (const code of refusalCodes(name)) {
    byStatus[ERROR_STATUS[code]] = [...(byStatus[ERROR_STATUS[code]] ?? []), code];
  }
  const schema = { $ref: '#/components/schemas/Error' };
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, codes]) => [
      status,
      {
        description: codes.map(code => `\`${code}\``).join(', '),
        ...(status === '429' && {
          headers: { 'Retry-After': { description: 'seconds', schema: { type: 'integer' } } },
        }),
        content: { 'application/json': { schema } },
      },
    ]),
  );
}

function commonRefusals(operation: Operation): ErrorCode[] {
  return [
    ...(hasBody(operation) ? (['BAD_JSON', 'BAD_CONTENT_TYPE'] as const) : []),
    ...(['BODY_TOO_LARGE', 'MISSING_FIELD', 'BAD_FIELD', 'UNKNOWN_FIELD'] as const),
    ...(operation.auth === 'none' ? [] : (['UNAUTHENTICATED', 'TOKEN_EXPIRED'] as const)),
    ...(operation.auth === 'admin' ? (['FORBIDDEN'] as const) : []),
    ...(operation.limited === undefined ? [] : (['RATE_LIMITED'] as const)),
    'INTERNAL_ERROR',
  ];
}
