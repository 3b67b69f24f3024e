/**
 * The published documents against a running exchange: each documented example is sent and answered as documented,
 * whatever is answered or streamed has its published schema, and the documents are well-formed. The operations and the
 * streams are walked by their tables, so that a new one is among them by itself.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { EXAMPLES, type Example } from '../api/http/examples.js';
import { OPERATIONS, type Operation, type OperationName } from '../api/http/operations.js';
import { STREAMS, type StreamKind } from '../api/ws/messages.js';
import { type Answer, type Body, startStack } from './stack.js';
import { eventually, WsClient } from './ws-client.js';

const ALL = Object.entries(OPERATIONS) as [OperationName, Operation][];
/** What differs from run to run. */
const VOLATILE =
  /^(userId|token|expiresAt|orderId|ledgerId|time|\w+At|openTime|closeTime|instance|sequence|watermark|E)$/;
const KEPT: readonly string[] = [
  '/api/v1/markets',
  '/api/v1/assets',
  '/api/v1/openapi.json',
  '/api/v1/asyncapi.json',
];

/** A stream of each kind. */
const READ: Readonly<Record<StreamKind, string>> = {
  trade: 'btc_usdt@trade',
  depth: 'btc_usdt@depth',
  bookTicker: 'btc_usdt@bookTicker',
  ticker: 'btc_usdt@ticker',
  kline: 'btc_usdt@kline_1s',
  user: 'user',
};

const stack = await startStack(t);
const openApi: Body = (await stack.request('GET', '/api/v1/openapi.json')).body;
const asyncApi: Body = (await stack.request('GET', '/api/v1/asyncapi.json')).body;
const ajv = new Ajv2020({ strict: false });
ajv.addSchema({ ...openApi, $id: 'openapi' });

/** The examples meet a market in which somebody trades. */
const other = await stack.trader({ BTC: '1', USDT: '1000' });
await placeOrder('SELL', '50000', '0.01');
await placeOrder('SELL', '50100', '0.02');
await placeOrder('BUY', '49900', '0.02');
const reader = await WsClient.connect(stack.wsUrl, t);

t.test('every documented example is answered as documented, and by the published schema', async t => {
  await reader.ask('AUTH', [other.token]);
  await reader.ask('SUBSCRIBE', Object.values(READ));
  const admin = await stack.admin();
  let token: string | undefined;
  for (const [name, operation] of ALL) {
    const example: Example<OperationName> = EXAMPLES[name];
    const answer = await send(operation, example, operation.auth === 'admin' ? admin : token);
    if (name === 'register') token = answer.body.token;
    t.equal(answer.status, operation.status, `${name}: status`);
    t.match(steady(answer.body), steady(example.answer) as object, `${name}: as documented`);
    hasForm(t, `${name}`, operation.answer, publishedAnswer(operation, operation.status), answer.body);
    const request = hasBody(operation)
      ? published(operation).requestBody.content['application/json'].schema
      : parametersOf(operation);
    t.ok(ajv.validate(request, example.request), `${name}: ${ajv.errorsText()}`);
    await stack.settled();
  }
});

t.test('every operation refuses as published', async t => {
  const { token } = await stack.trader({});
  const admin = await stack.admin();
  for (const [name, operation] of ALL) {
    const example = { ...EXAMPLES[name], request: { nonsense: 'x' } } as unknown as Example<OperationName>;
    refusesAs(t, name, operation, await send(operation, example, operation.auth === 'admin' ? admin : token));
    if (operation.auth !== 'none') refusesAs(t, name, operation, await send(operation, example, undefined));
    if (operation.auth === 'admin') refusesAs(t, name, operation, await send(operation, example, token));
  }
});

t.test('an exchange that takes no orders says so as published', async t => {
  await stack.redis.set(stack.keys.draining, '1');
  const operation = OPERATIONS.getReadiness;
  let answer: Answer | undefined;
  await stack.until('it to be known', async () => {
    answer = await send(operation, EXAMPLES.getReadiness, undefined);
    return answer.status === 503;
  });
  await stack.redis.del(stack.keys.draining);
  hasForm(t, 'readiness', operation.answer, publishedAnswer(operation, 503), answer!.body);
  await stack.ready();
});

t.test('stream messages and answers have their published schema', async t => {
  await eventually(() => reader.data(READ.depth).some(({ e }) => e === 'depthUpdate'));
  for (const stream of Object.values(READ)) await eventually(() => reader.data(stream).length > 0);
  const messages = asyncApi.channels.socket.messages;
  for (const kind of Object.keys(READ) as StreamKind[]) {
    const { payload } = messages[kind];
    for (const message of reader.messages.filter(({ stream }) => stream === READ[kind])) {
      hasForm(t, `@${kind}`, STREAMS[kind].data, payload.properties.data, message.data);
      t.ok(ajv.validate(payload, message), `@${kind}: ${ajv.errorsText()}`);
    }
  }
  const newcomer = await WsClient.connect(stack.wsUrl, t);
  const [asked, answered] = [messages.request, messages.answer].map(({ examples }) => examples[0].payload);
  t.ok(ajv.validate(messages.request.payload, asked), ajv.errorsText());
  newcomer.send(asked);
  await eventually(() => newcomer.messages.length > 0);
  t.same(newcomer.messages[0], answered, 'the documented request is answered as documented');
  t.ok(ajv.validate(messages.answer.payload, await reader.ask('LIST_SUBSCRIPTIONS')), ajv.errorsText());
  t.ok(ajv.validate(messages.refusal.payload, await reader.ask('SUBSCRIBE', ['nonsense'])), ajv.errorsText());
});

t.test('the documents are what they say they are', async t => {
  t.match(await new Validator().validate(openApi), { valid: true });
  const specification = createRequire(import.meta.url).resolve(
    '@asyncapi/specs/schemas/3.0.0-without-$id.json',
  );
  const draft7 = new Ajv({ strict: false, logger: false, validateFormats: false });
  const isAsyncApi = draft7.compile(JSON.parse(readFileSync(specification, 'utf8')));
  t.ok(isAsyncApi(asyncApi), draft7.errorsText(isAsyncApi.errors));
});

t.test('what is kept has a tag and is not sent twice; everything else is stored nowhere', async t => {
  const { token } = await stack.trader({});
  for (const [name, operation] of ALL.filter(([, { method }]) => method === 'GET')) {
    const example: Example<OperationName> = EXAMPLES[name];
    const { headers } = await send(operation, example, token);
    const isKept = KEPT.includes(operation.path);
    t.equal(headers['cache-control'], isKept ? 'no-cache' : 'no-store', name);
    t.equal(headers.etag !== undefined, isKept, name);
  }
  for (const path of KEPT) {
    const { headers } = await stack.request('GET', path);
    const again = await ifNoneMatch(path, `"another", W/${headers.etag}`);
    t.match(again, { status: 304, headers: { etag: headers.etag } });
    t.equal(again.body, undefined, 'without a body');
    t.equal(again.headers['content-length'], undefined);
    t.equal((await ifNoneMatch(path, '"another"')).status, 200);
  }
});

t.test('a tag is no longer right once something has changed', async t => {
  const token = await stack.admin();
  const { headers, body } = await stack.request('GET', '/api/v1/markets');
  const change = { makerFee: '0.0005' };
  await stack.request('PATCH', '/api/v1/admin/markets/BTC_USDT', { token, body: change });
  const changed = await ifNoneMatch('/api/v1/markets', headers.etag!);
  t.equal(changed.status, 200);
  t.same(
    changed.body,
    body.map((market: Body) => (market.market === 'BTC_USDT' ? { ...market, ...change } : market)),
  );
  const assets = await stack.request('GET', '/api/v1/assets');
  await stack.request('POST', '/api/v1/admin/assets', { token, body: { asset: 'NEW', decimals: 2 } });
  t.equal((await ifNoneMatch('/api/v1/assets', assets.headers.etag!)).status, 200);
});

t.test('the page is served whole, by a policy that names no other host', async t => {
  const page = await fetch(`${stack.url}/docs`);
  const html = await page.text();
  const policy = page.headers.get('content-security-policy') ?? '';
  t.match(policy, /default-src 'none'/);
  t.notMatch(policy, /https?:|\*|script-src[^;]*unsafe/);
  const files = [...html.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, file]) => file!);
  t.equal(files.length, 3);
  for (const file of files) {
    const first = await fetch(`${stack.url}${file}`);
    const etag = first.headers.get('etag')!;
    t.equal((await first.text()).length > 0, true, file);
    t.equal((await fetch(`${stack.url}${file}`, { headers: { 'if-none-match': etag } })).status, 304, file);
  }
});

function placeOrder(side: string, price: string, quantity: string): Promise<Answer> {
  const body = { market: 'BTC_USDT', type: 'LIMIT', side, price, quantity };
  return stack.request('POST', '/api/v1/order', { token: other.token, body });
}

function ifNoneMatch(path: string, tags: string): Promise<Answer> {
  return stack.request('GET', path, { headers: { 'if-none-match': tags } });
}

function hasBody({ method }: Operation): boolean {
  return method === 'POST' || method === 'PATCH';
}

function send(
  operation: Operation,
  { request, parameter = '' }: Example<OperationName>,
  token: string | undefined,
): Promise<Answer> {
  const path = operation.path.replace(/:\w+$/, parameter);
  if (hasBody(operation)) return stack.request(operation.method, path, { token, body: request });
  const query = new URLSearchParams(request as Record<string, string>);
  return stack.request(operation.method, `${path}?${query}`, { token });
}

/** What the document says of the operation. */
function published({ method, path }: Operation): Body {
  return openApi.paths[path.replace(/:(\w+)$/, '{$1}')][method.toLowerCase()];
}

/** A reference within the document is followed. */
function publishedAnswer(operation: Operation, status: number): object {
  const { schema } = published(operation).responses[status].content['application/json'];
  return schema.$ref === undefined ? schema : { $ref: `openapi${schema.$ref}` };
}

/** One schema of all parameters in the query. */
function parametersOf(operation: Operation): object {
  const parameters = published(operation).parameters.filter((parameter: Body) => parameter.in === 'query');
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, schema }: Body) => [name, schema])),
    required: parameters.filter(({ required }: Body) => required).map(({ name }: Body) => name),
    additionalProperties: false,
  };
}

/** By the schema that is published, and with no field that it does not know. */
function hasForm(
  t: Test,
  what: string,
  schema: Operation['answer'],
  publishedSchema: object,
  value: unknown,
) {
  t.ok(ajv.validate(publishedSchema, value), `${what}: ${ajv.errorsText()}`);
  t.same(schema.safeParse(value).error?.issues ?? [], [], what);
}

function refusesAs(t: Test, name: string, operation: Operation, { status, body }: Answer): void {
  const answer = published(operation).responses[status];
  t.ok(answer?.description.includes(`\`${body.error?.code}\``), `${name}: ${status} ${body.error?.code}`);
  t.ok(ajv.validate(publishedAnswer(operation, status), body), `${name}: ${ajv.errorsText()}`);
}

/** Without what differs from run to run. */
function steady(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, field) => (VOLATILE.test(key) ? typeof field : field));
}
