/**
 * The life of a request, in this order: route, admission of orders, content type and size, JSON, authentication,
 * validation, handling, answer.
 *
 * Guarantees: every request that the HTTP library hands over is answered once, in JSON, unless its client has gone; an
 * exception is a logged INTERNAL_ERROR and never ends the process; at most `MAX_BODY_BYTES` of a body are kept. A
 * larger one is read to its end before it is refused, since a connection that closes with unread data can lose the
 * answer; at `MAX_DISCARDED_BYTES` it is refused at once (the library reads on and throws away).
 */

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../shared/io/log.js';
import { refusalDelayMs } from '../crowd.js';
import { ApiError } from '../errors.js';
import type { Caller } from '../tokens.js';
import { Reply, type Route, Router } from './route.js';
import { ROUTES } from './routes.js';
import type { Services } from './services.js';
import { parseBody, parseQuery, validate } from './validate.js';

const MAX_BODY_BYTES = 64 * 1024;
const MAX_DISCARDED_BYTES = 4 * 1024 * 1024;
const DRAIN_CHECK_MS = 10;
const JSON_TYPE = /^application\/json *(;|$)/i;

/** Made once, since most answers are this one when it is needed. */
const OVERLOADED = new ApiError(
  'SERVER_BUSY',
  'More orders come than can be answered soon; this one was not queued, it is safe to send it again.',
);

const statusLines = new Map(
  Object.entries(STATUS_CODES).map(([code, text]) => [Number(code), `${code} ${text}`]),
);

/** One request on its way. What the library's request object knows is read at its beginning: it is valid only then. */
interface Call {
  readonly response: HttpResponse;
  readonly route: Route;
  readonly parameter: string;
  readonly authorization: string;
  /** Answered, or its client has gone. */
  over: boolean;
}

export class HttpServer {
  readonly #services: Services;
  readonly #log: Logger;
  readonly #router = new Router(ROUTES);
  #underWay = 0;
  #draining = false;

  constructor(services: Services, log: Logger) {
    this.#services = services;
    this.#log = log;
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
    const path = request.getUrl();
    const method = request.getCaseSensitiveMethod();
    const found = this.#router.find(path);
    const route = found?.methods.get(method);
    if (found === undefined || route === undefined) {
      this.#refuseUnknown(response, method, found?.methods);
      return;
    }
    const { parameter } = found;
    const call: Call = {
      response,
      route,
      parameter,
      authorization: request.getHeader('authorization'),
      over: false,
    };
    this.#underWay++;
    response.onAborted(() => this.#end(call));
    if (route.isShed && !this.#services.engine.hasRoom) {
      setTimeout(() => this.#fail(call, OVERLOADED), refusalDelayMs());
    } else if (method === 'POST' || method === 'PATCH')
      this.#readBody(call, request.getHeader('content-type'));
    else void this.#serve(call, () => parseQuery(request.getQuery()));
  }

  #readBody(call: Call, contentType: string): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    call.response.onData((chunk, isLast) => {
      if (call.over) return;
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) {
        chunks.length = 0;
        if (isLast || bytes > MAX_DISCARDED_BYTES) this.#fail(call, tooLarge());
      } else if (!isLast) {
        // The library takes the chunk back when this returns.
        chunks.push(Buffer.from(chunk.slice(0)));
      } else {
        const last = Buffer.from(chunk);
        const body = chunks.length === 0 ? last : Buffer.concat([...chunks, last]);
        void this.#serve(call, () => {
          if (bytes > 0 && !JSON_TYPE.test(contentType)) {
            throw new ApiError('BAD_CONTENT_TYPE', 'send the body as Content-Type: application/json');
          }
          return parseBody(body);
        });
      }
    });
  }

  /** @param read is called before the first `await`, while what it reads is valid */
  async #serve(call: Call, read: () => unknown): Promise<void> {
    try {
      const { route } = call;
      const raw = read();
      const answer = await this.#handle(route, raw, call);
      if (answer instanceof Reply) this.#answer(call, answer.status, answer.body);
      else this.#answer(call, route.status, answer);
    } catch (error) {
      this.#fail(call, error);
    }
  }

  #handle(route: Route, raw: unknown, call: Call): unknown {
    if (route.auth === 'none') return route.handle(this.#services, validate(route.input, raw));
    const caller = this.#authenticate(route.auth, call.authorization);
    return route.handle(this.#services, validate(route.input, raw), caller, call.parameter);
  }

  #authenticate(auth: 'user' | 'admin', authorization: string): Caller {
    const caller = this.#services.tokens.verify(authorization);
    if (auth === 'admin' && caller.role !== 'ADMIN') {
      throw new ApiError('FORBIDDEN', 'only an administrator may do that');
    }
    return caller;
  }

  #answer(call: Call, status: number, body: unknown): void {
    // First, since a fault in the body must find the call unanswered.
    const json = JSON.stringify(body);
    if (call.over) return;
    this.#end(call);
    this.#send(call.response, status, json);
  }

  #fail(call: Call, error: unknown): void {
    if (call.over) return;
    this.#end(call);
    const refusal = error instanceof ApiError ? error : this.#internalError(call.route, error);
    this.#refuse(call.response, refusal);
  }

  #internalError({ method, path }: Route, error: unknown): ApiError {
    this.#log.error({ err: error, method, path }, 'a request failed');
    return new ApiError('INTERNAL_ERROR', 'a fault of ours; it is in our log');
  }

  #end(call: Call): void {
    if (call.over) return;
    call.over = true;
    this.#underWay--;
  }

  #refuseUnknown(
    response: HttpResponse,
    method: string,
    methods: ReadonlyMap<string, Route> | undefined,
  ): void {
    const refusal =
      methods === undefined
        ? new ApiError('UNKNOWN_ROUTE', 'there is no such path here')
        : new ApiError('METHOD_NOT_ALLOWED', 'the path has other methods');
    if (methods !== undefined) refusal.headers = { Allow: [...methods.keys()].join(', ') };
    if (method === 'HEAD') this.#send(response, refusal.status, undefined, refusal.headers);
    else this.#refuse(response, refusal);
  }

  #refuse(response: HttpResponse, refusal: ApiError): void {
    this.#send(response, refusal.status, JSON.stringify(refusal.body()), refusal.headers);
  }

  /** @param json undefined for the answer to a HEAD, which has no body */
  #send(
    response: HttpResponse,
    status: number,
    json: string | undefined,
    headers: ApiError['headers'] = {},
  ): void {
    response.cork(() => {
      response.writeStatus(statusLines.get(status)!);
      response.writeHeader('Content-Type', 'application/json');
      for (const name in headers) response.writeHeader(name, headers[name]!);
      if (json === undefined) response.endWithoutBody(0, this.#draining);
      else response.end(json, this.#draining);
    });
  }
}

function tooLarge(): ApiError {
  return new ApiError('BODY_TOO_LARGE', `a body has at most ${MAX_BODY_BYTES} bytes`);
}
