/**
 * The life of a request, in this order: route, limit of the address, admission of orders, body, content type, JSON,
 * authentication, limit of the account, validation, handling, answer, access log.
 *
 * Guarantees: every request that the HTTP library hands over is answered once, in JSON and with its id, unless its
 * client has gone; an exception is a logged INTERNAL_ERROR and never ends the process.
 */

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../shared/io/log.js';
import { refusalDelayMs } from '../crowd.js';
import type { EngineClient, ListEntry } from '../engine-client.js';
import { ApiError, type ErrorCode } from '../errors.js';
import type { Caller } from '../tokens.js';
import { MAX_BODY_BYTES, readBody } from './body.js';
import { type Entrance, type RequestName, writeHead } from './entrance.js';
import { Kept, matches } from './kept.js';
import { clientAddress, RateLimits, type Rates } from './rate-limits.js';
import { Reply, type Route, Router } from './route.js';
import { ROUTES } from './routes.js';
import type { Services } from './services.js';
import { Traffic } from './traffic.js';
import { parseBody, parseQuery, validate } from './validate.js';

const DRAIN_CHECK_MS = 10;
const JSON_TYPE = /^application\/json *(;|$)/i;

/** Made once, since most answers are this one when it is needed. */
const OVERLOADED = new ApiError(
  'SERVER_BUSY',
  'More orders come than can be answered soon; this one was not queued, it is safe to send it again.',
);

export interface HttpSettings {
  readonly rates: Rates;
  /** Clients come by way of a proxy that tells their addresses (X-Forwarded-For). */
  readonly behindProxy: boolean;
}

/** One request on its way. What the library's request object knows is read at its beginning: it is valid only then. */
interface Call extends RequestName {
  readonly response: HttpResponse;
  readonly method: string;
  /** Undefined where there is none. */
  readonly route: Route | undefined;
  readonly parameter: string;
  readonly authorization: string;
  /** Of a GET: what its client has. */
  readonly ifNoneMatch: string;
  /** Of the `performance.now()` kind. */
  readonly startedAt: number;
  /** By which it has asked the engine. */
  readonly entries: ListEntry[];
  caller: Caller | undefined;
  /** Answered, or its client has gone. */
  over: boolean;
}

/** `json`: nothing where the client has it. `etag`: of what may be kept. `code` and `headers` of a refusal. */
interface CallAnswer {
  readonly status: number;
  readonly json?: string;
  readonly etag?: string;
  readonly code?: ErrorCode;
  readonly headers?: ApiError['headers'];
}

export class HttpServer {
  readonly #services: Services & { readonly engine: EngineClient };
  readonly #log: Logger;
  readonly traffic = new Traffic(ROUTES);
  readonly #entrance: Entrance;
  readonly #router = new Router(ROUTES);
  readonly #limits: RateLimits;
  readonly #behindProxy: boolean;
  #underWay = 0;
  #draining = false;

  constructor(
    services: Services & { readonly engine: EngineClient },
    entrance: Entrance,
    log: Logger,
    { rates, behindProxy }: HttpSettings,
  ) {
    this.#services = services;
    this.#entrance = entrance;
    this.#log = log;
    this.#limits = new RateLimits(ROUTES, rates);
    this.#behindProxy = behindProxy;
  }

  /** Takes every request that no earlier handler of the app takes. */
  attach(app: TemplatedApp): void {
    app.any('/*', (response, request) => this.#receive(response, request));
  }

  /** From here on each answer closes its connection; returns when all are given, `patienceMs` later at most. */
  async drain(patienceMs: number): Promise<void> {
    this.#draining = true;
    const end = Date.now() + patienceMs;
    while (this.#underWay > 0 && Date.now() < end) await sleep(DRAIN_CHECK_MS);
  }

  #receive(response: HttpResponse, request: HttpRequest): void {
    const found = this.#router.find(request.getUrl());
    const call = this.#begin(response, request, found);
    const { route, method } = call;
    this.#underWay++;
    response.onAborted(() => this.#end(call));
    if (route?.isShed && !this.#services.engine.hasRoom) {
      setTimeout(() => this.#fail(call, OVERLOADED), refusalDelayMs());
      return;
    }
    const refusal = route === undefined ? unknown(found?.methods) : this.#overLimit(route, call, request);
    const inputOf = inputReader(method, request);
    readBody(response, request, body => {
      void this.#serve(call, () => {
        if (refusal !== undefined) throw refusal;
        if (body === undefined) throw tooLarge();
        return inputOf(body);
      });
    });
  }

  #begin(response: HttpResponse, request: HttpRequest, found: ReturnType<Router['find']>): Call {
    const method = request.getCaseSensitiveMethod();
    return {
      response,
      ...this.#entrance.name(request),
      method,
      route: found?.methods.get(method),
      parameter: found?.parameter ?? '',
      authorization: request.getHeader('authorization'),
      ifNoneMatch: method === 'GET' ? request.getHeader('if-none-match') : '',
      startedAt: performance.now(),
      entries: [],
      caller: undefined,
      over: false,
    };
  }

  #overLimit(route: Route, { response }: Call, request: HttpRequest): ApiError | undefined {
    if (route.limited !== 'ADDRESS') return undefined;
    return this.#limits.refusal(route, clientAddress(response, request, this.#behindProxy));
  }

  /** @param read gives what the client sent, or throws where there is no such route or it may not be called now */
  async #serve(call: Call, read: () => unknown): Promise<void> {
    try {
      const raw = read();
      const answer = await this.#handle(call.route!, raw, call);
      if (answer instanceof Kept) this.#answerKept(call, answer);
      else if (answer instanceof Reply) this.#answer(call, answer.status, answer.body);
      else this.#answer(call, call.route!.status, answer);
    } catch (error) {
      this.#fail(call, error);
    }
  }

  #handle(route: Route, raw: unknown, call: Call): unknown {
    const services = { ...this.#services, engine: this.#services.engine.tracking(call.entries) };
    if (route.auth === 'none') return route.handle(services, validate(route.input, raw));
    const caller = this.#authenticate(route, call);
    return route.handle(services, validate(route.input, raw), caller, call.parameter);
  }

  #authenticate(route: Route, call: Call): Caller {
    const caller = this.#services.tokens.verify(call.authorization);
    call.caller = caller;
    if (route.auth === 'admin' && caller.role !== 'ADMIN') {
      throw new ApiError('FORBIDDEN', 'only an administrator may do that');
    }
    const refusal = route.limited === 'ACCOUNT' ? this.#limits.refusal(route, caller.userId) : undefined;
    if (refusal !== undefined) throw refusal;
    return caller;
  }

  #answer(call: Call, status: number, body: unknown): void {
    // First, since a fault in the body must find the call unanswered.
    const json = JSON.stringify(body);
    this.#finish(call, { status, json });
  }

  #answerKept(call: Call, { json, etag }: Kept): void {
    if (matches(call.ifNoneMatch, etag)) this.#finish(call, { status: 304, etag });
    else this.#finish(call, { status: call.route!.status, json, etag });
  }

  #fail(call: Call, error: unknown): void {
    const refusal = error instanceof ApiError ? error : this.#internalError(call, error);
    const { status, code, headers } = refusal;
    this.#finish(call, { status, code, headers, json: JSON.stringify(refusal.body()) });
  }

  #internalError({ id, method, route }: Call, error: unknown): ApiError {
    this.#log.error({ err: error, requestId: id, method, path: route?.path }, 'a request failed');
    return new ApiError('INTERNAL_ERROR', 'a fault of ours; it is in our log');
  }

  #end(call: Call): void {
    if (call.over) return;
    call.over = true;
    this.#underWay--;
  }

  /** Answers, unless the client has gone, and tells of it in either case: what was asked may have been done. */
  #finish(call: Call, answer: CallAnswer): void {
    const isGone = call.over;
    if (!isGone) this.#send(call, answer);
    this.#end(call);
    this.#note(call, answer, isGone);
  }

  #send({ response, id, method }: Call, { status, json, etag, headers = {} }: CallAnswer): void {
    response.cork(() => {
      writeHead(response, status, id);
      if (method === 'GET') writeCaching(response, etag);
      for (const name in headers) response.writeHeader(name, headers[name]!);
      // Only without arguments it says nothing of a length.
      if (json === undefined) response.endWithoutBody();
      else if (method === 'HEAD') response.endWithoutBody(0, this.#draining);
      else response.end(json, this.#draining);
    });
  }

  #note(call: Call, { status, code }: CallAnswer, isGone: boolean): void {
    const { id: requestId, isNamedByClient, method, route, caller, entries, startedAt } = call;
    this.traffic.count(route, code);
    const now = performance.now();
    const [path, account, ms] = [route?.path, caller?.userId, now - startedAt];
    this.#entrance.accessLog.note(
      { requestId, isNamedByClient, isGone, method, path, account, entries, status, code, ms },
      now,
    );
  }
}

/** What has a tag is kept by clients, who ask each time whether it is still so; everything else is stored nowhere. */
function writeCaching(response: HttpResponse, etag: string | undefined): void {
  response.writeHeader('Cache-Control', etag === undefined ? 'no-store' : 'no-cache');
  if (etag !== undefined) response.writeHeader('ETag', etag);
}

/** The refusal of a path that is not there, or of a method that a path does not have. */
function unknown(methods: ReadonlyMap<string, Route> | undefined): ApiError {
  if (methods === undefined) return new ApiError('UNKNOWN_ROUTE', 'there is no such path here');
  const refusal = new ApiError('METHOD_NOT_ALLOWED', 'the path has other methods');
  refusal.headers = { Allow: [...methods.keys()].join(', ') };
  return refusal;
}

/** What becomes of a body: of a POST or PATCH the input, of another method nothing, since its input is the query string. */
function inputReader(method: string, request: HttpRequest): (body: Buffer) => unknown {
  if (method === 'POST' || method === 'PATCH') {
    const contentType = request.getHeader('content-type');
    return body => jsonOf(body, contentType);
  }
  const query = request.getQuery();
  return () => parseQuery(query);
}

function jsonOf(body: Buffer, contentType: string): unknown {
  if (body.length > 0 && !JSON_TYPE.test(contentType)) {
    throw new ApiError('BAD_CONTENT_TYPE', 'send the body as Content-Type: application/json');
  }
  return parseBody(body);
}

function tooLarge(): ApiError {
  return new ApiError('BODY_TOO_LARGE', `a body has at most ${MAX_BODY_BYTES} bytes`);
}
