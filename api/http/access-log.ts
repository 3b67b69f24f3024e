/**
 * The access log: a line for a request that was read whole, with its id, what became of it, and the list entries by which
 * it asked the engine, each with the sequence that its command got.
 *
 * Guarantees: a line for each request that was refused, that was slow, or whose client gave it an id or has gone before
 * the answer, and for one in `SAMPLED` of the others; at most `MAX_LINES` a second, and a line that says how many were
 * left out. Nothing in it comes from a client but an id of the form that we take: of the path the route, of the query
 * string, the headers and the body nothing.
 */
import type { Logger } from '../../shared/io/log.js';
import type { ListEntry } from '../engine-client.js';
import type { ErrorCode } from '../errors.js';

const SAMPLED = 100;
const SLOW_MS = 500;
const MAX_LINES = 1000;

export interface Served {
  readonly requestId: string;
  readonly isNamedByClient: boolean;
  /** The client did not wait for the answer, which `status` and `code` are of. */
  readonly isGone: boolean;
  readonly method: string;
  /** As in the table of routes; undefined where there is no such route. */
  readonly path: string | undefined;
  readonly account: number | undefined;
  /** In the order in which the engine was asked. */
  readonly entries: readonly ListEntry[];
  readonly status: number;
  readonly code: ErrorCode | undefined;
  readonly ms: number;
}

export class AccessLog {
  readonly #log: Logger;
  #ordinary = 0;
  #second = 0;
  #lines = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param now milliseconds of any clock that does not jump */
  note(served: Served, now: number): void {
    const { status, ms, isNamedByClient, isGone } = served;
    const isOrdinary = status < 400 && ms < SLOW_MS && !isNamedByClient && !isGone;
    if (isOrdinary && ++this.#ordinary % SAMPLED !== 0) return;
    if (!this.#mayWrite(Math.floor(now / 1000))) return;
    this.#log.info({ ...served, isNamedByClient: undefined, ms: Math.round(ms) }, 'request');
  }

  #mayWrite(second: number): boolean {
    if (second !== this.#second) {
      const left = this.#lines - MAX_LINES;
      if (left > 0) this.#log.info({ left }, 'more requests than are logged in a second');
      this.#second = second;
      this.#lines = 0;
    }
    return ++this.#lines <= MAX_LINES;
  }
}
