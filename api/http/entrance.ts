/**
 * What every request of the interface meets first, also one that becomes a WebSocket: it gets an id, and in the end a line
 * in the access log; and the count of all sockets.
 *
 * Guarantees: at most `MAX_SOCKETS` of HTTP are connected; further ones are closed at once.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Logger } from '../../shared/io/log.js';
import { AccessLog } from './access-log.js';

/** Of HTTP; with those of the gateway fewer than the files that a process may have open, usually. */
export const MAX_SOCKETS = 8000;
/** Ids that we take from a client; of another form it gets one of ours. */
const REQUEST_ID = /^[\w.:-]{1,64}$/;

const statusLines = new Map(
  Object.entries(STATUS_CODES).map(([code, text]) => [Number(code), `${code} ${text}`]),
);

export interface RequestName {
  readonly id: string;
  readonly isNamedByClient: boolean;
}

export class Entrance {
  readonly accessLog: AccessLog;
  readonly #idPrefix = randomBytes(6).toString('base64url');
  #requests = 0;
  #sockets = 0;
  #drops = 0;

  /** @param log says in each line to which address the engine's answers go */
  constructor(log: Logger) {
    this.accessLog = new AccessLog(log);
  }

  attach(app: TemplatedApp): void {
    app.filter((response, change) => this.#countSocket(response, Number(change)));
  }

  name(request: HttpRequest): RequestName {
    const named = request.getHeader('x-request-id');
    if (REQUEST_ID.test(named)) return { id: named, isNamedByClient: true };
    return { id: `${this.#idPrefix}-${(++this.#requests).toString(36)}`, isNamedByClient: false };
  }

  /** A socket has become a WebSocket's, of which the library tells no more here. */
  upgraded(): void {
    this.#sockets--;
  }

  /** How many sockets of HTTP are connected. */
  get sockets(): number {
    return this.#sockets;
  }

  /** Sockets that were one too many. */
  get drops(): number {
    return this.#drops;
  }

  /** @param change 1 of a new one, -1 of one that is closed */
  #countSocket(response: HttpResponse, change: number): void {
    this.#sockets += change;
    if (change < 0 || this.#sockets <= MAX_SOCKETS) return;
    this.#drops++;
    response.close();
  }
}

/** The first lines of every answer in JSON. */
export function writeHead(response: HttpResponse, status: number, requestId: string): void {
  response.writeStatus(statusLines.get(status)!);
  response.writeHeader('Content-Type', 'application/json');
  response.writeHeader('X-Request-Id', requestId);
}
