/**
 * Requests as nobody should send them: made from the table of routes and the schemas of their inputs, so that a new
 * route is among them by itself. The same seed gives the same requests.
 */
import { METHODS } from '../../api/http/operations.js';
import { type Route, Router } from '../../api/http/route.js';
import type { Random } from '../random.js';
import { hostileValue, properValue, type Schema, schemaOf, spoiled } from './values.js';

export interface Callers {
  readonly users: readonly string[];
  readonly admin: string;
}

export interface FuzzRequest {
  readonly number: number;
  /** The line of the table that it comes to, such as `POST /api/v1/order`, if to any. */
  readonly route: string | undefined;
  readonly method: string;
  /** The bytes, in the pieces in which they are written. */
  readonly pieces: readonly Buffer[];
  /**
   * `ANSWER`: there must be one, as every answer is. `ANYTHING`: it is no whole request, or none of HTTP, and may be
   * answered by the library's page, by silence or not at all; it has no token.
   */
  readonly expects: 'ANSWER' | 'ANYTHING';
}

interface Draft {
  readonly route: Route;
  readonly method: string;
  readonly path: string;
  readonly input: Record<string, unknown>;
  /** Instead of the input. */
  readonly raw: Buffer | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly token: string | undefined;
  readonly isChunked: boolean;
}

const MAX_HEAD_BYTES = 4000;
const PARAMETERS = [
  'F1_USDT',
  'F2_USDT',
  'NOPE_USDT',
  'f1_usdt',
  '',
  '__proto__',
  '%00',
  '..',
  'a'.repeat(500),
  'é',
];
const PATHS = [
  '/',
  '//',
  '/api',
  '/api/v1',
  '/api/v1/',
  '/api/v2/time',
  '/__proto__',
  '/%2e%2e/x',
  '/a?b=c',
  '/\\',
];
const TOKENS = ['', 'a', '..', 'Bearer', 'e30.e30.e30', 'a'.repeat(1500), '💥', 'null'];
const CONTENT_TYPES = [
  'text/plain',
  '',
  'application/json;charset=utf-8',
  'APPLICATION/JSON',
  'application/xml',
  'é',
];
const HEADERS: readonly (readonly [string, string])[] = [
  ['X-Request-Id', 'a-fine-id'],
  ['X-Request-Id', 'a'.repeat(65)],
  ['X-Request-Id', '"}{'],
  ['X-Forwarded-For', '1.2.3.4, nonsense'],
  ['Expect', '100-continue'],
  ['If-None-Match', '*'],
  ['Accept', 'nothing/at-all'],
  ['Accept-Encoding', 'gzip, br;q=x'],
  ['Cookie', `a=${'b'.repeat(1000)}`],
  ['Range', 'bytes=5-1'],
  ['Upgrade', 'h2c'],
  ['Connection', 'keep-alive, nonsense'],
  ['Origin', 'null'],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X'.repeat(200), 'long name'],
  ['X-Latin', 'caf\xe9'],
];
const METHOD_NAMES = [...METHODS, 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'get', 'X'];
const BROKEN: readonly string[] = [
  '\r\n\r\n',
  'garbage\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
  'GET  / HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /api/v1/time HTTP/1.1\r\nHost x\r\n\r\n',
  'GET /api/v1/time HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n',
  'GET /api/v1/time HTTP/1.1\n\n',
  `GET /api/v1/time HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(9000)}\r\n\r\n`,
  `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(300)}\r\n`,
  'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}',
  'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n{}',
  'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}',
  'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}',
  'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
  'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}',
  'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}',
  'GET /api/v1/time HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v1/time HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
];

type Spoil = (draft: Draft, random: Random) => Partial<Draft>;

/** What may be wrong with a request that is HTTP all the same, and how often of a hundred. */
const SPOILS: readonly (readonly [percent: number, spoil: Spoil])[] = [
  [36, () => ({})],
  [24, ({ input }, random) => ({ input: spoiled(input, random) })],
  [8, ({ input }, random) => ({ input: spoiled(spoiled(input, random), random) })],
  [8, (_, random) => ({ raw: hostileBody(random) })],
  [6, (_, random) => ({ token: random.of(TOKENS) })],
  [4, (_, random) => ({ headers: [['Content-Type', random.of(CONTENT_TYPES)]] })],
  [4, (_, random) => ({ headers: [random.of(HEADERS)] })],
  [3, (_, random) => ({ method: random.of(METHOD_NAMES) })],
  [3, (_, random) => ({ path: random.of(PATHS) })],
  [4, () => ({ isChunked: true })],
];

/** How it is sent: whole, in pieces, a part of it only; or something that is not HTTP. */
const DELIVERIES = [
  ...Array<'WHOLE'>(90).fill('WHOLE'),
  ...Array<'IN_PIECES'>(5).fill('IN_PIECES'),
  ...Array<'HALF'>(3).fill('HALF'),
  ...Array<'BROKEN'>(2).fill('BROKEN'),
];

export class Requests {
  readonly #routes: readonly { route: Route; schema: Schema }[];
  readonly #router: Router;
  readonly #callers: Callers;
  readonly #random: Random;
  #made = 0;

  constructor(routes: readonly Route[], callers: Callers, random: Random) {
    this.#routes = routes.map(route => ({ route, schema: schemaOf(route.input) }));
    this.#router = new Router(routes);
    this.#callers = callers;
    this.#random = random;
  }

  next(): FuzzRequest {
    const random = this.#random;
    const proper = this.#draft();
    const delivery = random.of(DELIVERIES);
    const draft: Draft = {
      ...proper,
      ...pick(SPOILS, random)(proper, random),
      ...(delivery === 'HALF' && { token: undefined }),
    };
    const bytes = delivery === 'BROKEN' ? Buffer.from(random.of(BROKEN), 'latin1') : bytesOf(draft);
    const end = delivery === 'HALF' ? 1 + random.below(bytes.length - 1) : bytes.length;
    return {
      number: ++this.#made,
      route: delivery === 'BROKEN' ? undefined : this.#routeOf(draft),
      method: draft.method,
      pieces: delivery === 'IN_PIECES' ? piecesOf(bytes, random) : [bytes.subarray(0, end)],
      expects: isForTheApi(delivery, bytes) ? 'ANSWER' : 'ANYTHING',
    };
  }

  #routeOf({ method, path }: Draft): string | undefined {
    const [withoutQuery = ''] = path.split('?');
    const route = this.#router.find(withoutQuery)?.methods.get(method);
    return route && `${route.method} ${route.path}`;
  }

  #draft(): Draft {
    const random = this.#random;
    const { route, schema } = random.of(this.#routes);
    return {
      route,
      method: route.method,
      path: route.path.replace(/:\w+$/, () => encodeURI(random.of(PARAMETERS))),
      input: properValue(schema, random) as Record<string, unknown>,
      raw: undefined,
      headers: [],
      token: this.#tokenFor(route),
      isChunked: false,
    };
  }

  #tokenFor({ auth }: Route): string | undefined {
    const { users, admin } = this.#callers;
    if (auth === 'none' || this.#random.oneIn(20)) return undefined;
    return auth === 'admin' && !this.#random.oneIn(10) ? admin : this.#random.of(users);
  }
}

/** The library refuses headers of more than 4 KB by itself. */
function isForTheApi(delivery: (typeof DELIVERIES)[number], bytes: Buffer): boolean {
  return delivery !== 'HALF' && delivery !== 'BROKEN' && bytes.indexOf('\r\n\r\n') < MAX_HEAD_BYTES;
}

function pick<T>(weighted: readonly (readonly [percent: number, item: T])[], random: Random): T {
  let left = random.below(100);
  for (const [percent, item] of weighted) {
    if (left < percent) return item;
    left -= percent;
  }
  throw new Error('the weights come to less than a hundred');
}

function hostileBody(random: Random): Buffer {
  const bodies = [
    () => Buffer.from(JSON.stringify(hostileValue(random)) ?? ''),
    () => Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256))),
    () => Buffer.from('['.repeat(random.below(30_000))),
    () => Buffer.from(`{"price":${'{"a":'.repeat(5000)}`),
    () => Buffer.alloc(60_000 + random.below(10_000), 32),
    () => Buffer.alloc(random.below(3) << 20, 0x7b),
  ];
  return random.of(bodies)();
}

function bytesOf(draft: Draft): Buffer {
  const { method, path, input, raw, token, isChunked } = draft;
  const hasBody = draft.route.method === 'POST' || draft.route.method === 'PATCH';
  const body = raw ?? (hasBody ? Buffer.from(JSON.stringify(input)) : undefined);
  const query = hasBody || path.includes('?') ? '' : queryOf(input);
  const headers: (readonly [string, string])[] = [['Host', 'fuzz'], ...draft.headers];
  if (token !== undefined) headers.push(['Authorization', `Bearer ${token}`]);
  if (body !== undefined) {
    if (!headers.some(([name]) => name === 'Content-Type'))
      headers.push(['Content-Type', 'application/json']);
    headers.push(isChunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(body.length)]);
  }
  const lines = headers.map(header => `${header.join(': ')}\r\n`);
  const head = Buffer.from(`${method} ${path}${query} HTTP/1.1\r\n${lines.join('')}\r\n`);
  if (body === undefined) return head;
  return Buffer.concat([head, isChunked ? chunked(body) : body]);
}

/** The values as text; an array is a parameter that comes again and again. */
function queryOf(input: Record<string, unknown>): string {
  const encode = (text: unknown) => encodeURIComponent(Buffer.from(String(text)).toString()).slice(0, 1500);
  const pairs = Object.entries(input).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [typeof value === 'object' ? JSON.stringify(value) : value];
    return values.map(item => `${encode(name)}=${encode(Array.isArray(item) ? 'array' : item)}`);
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function chunked(body: Buffer): Buffer {
  const middle = body.length >> 1;
  const chunks = [body.subarray(0, middle), body.subarray(middle)].filter(({ length }) => length > 0);
  const parts = chunks.flatMap(chunk => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

/** The request line is not cut: the library does not know a version of HTTP that comes later (it answers 505). */
function piecesOf(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  let least = bytes.indexOf('\r\n') + 2;
  while (from < bytes.length) {
    const to = from + least + random.below(bytes.length - least);
    pieces.push(bytes.subarray(from, to));
    from = to;
    least = 1;
  }
  return pieces;
}
