/**
 * A connection on which requests are sent byte by byte, as nobody's HTTP client would. It connects again by itself, and
 * for each request that need not be answered: what such a one leaves behind is not for the next.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FuzzRequest } from './requests.js';

export interface HttpAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** An answer, or why there is none. */
export type Outcome = HttpAnswer | 'CLOSED' | 'SILENT';

const PIECE_PAUSE_MS = 2;
/** Longer than any answer takes. */
const ANSWER_TIMEOUT_MS = 20_000;
const ANYTHING_TIMEOUT_MS = 20;

export class FuzzConnection {
  readonly #host: string;
  readonly #port: number;
  #socket: Socket | undefined;
  #received = Buffer.alloc(0);
  #closed = false;
  /** Called when something has come or the connection has gone. */
  #notify: () => void = () => {};

  constructor({ hostname, port }: URL) {
    this.#host = hostname;
    this.#port = Number(port);
  }

  async send({ pieces, expects, method }: FuzzRequest): Promise<Outcome> {
    const socket = await this.#open();
    for (const [place, piece] of pieces.entries()) {
      if (place > 0) await sleep(PIECE_PAUSE_MS);
      socket.write(piece);
    }
    const outcome = await this.#answer(
      method,
      expects === 'ANSWER' ? ANSWER_TIMEOUT_MS : ANYTHING_TIMEOUT_MS,
    );
    if (expects === 'ANYTHING' || typeof outcome === 'string') this.close();
    return outcome;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #open(): Promise<Socket> {
    if (this.#socket !== undefined && !this.#closed) return this.#socket;
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    this.#socket = socket;
    this.#closed = false;
    this.#received = Buffer.alloc(0);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.on('data', chunk => {
      if (socket !== this.#socket) return;
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#notify();
    });
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#closed = true;
      this.#notify();
    });
    return socket;
  }

  async #answer(method: string, timeoutMs: number): Promise<Outcome> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const answer = this.#take(method);
      if (answer !== undefined) return answer;
      if (this.#closed) return 'CLOSED';
      const left = end - performance.now();
      if (left <= 0) return 'SILENT';
      await this.#news(left);
    }
  }

  #news(timeoutMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#notify = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Takes a whole answer out of what was received, a "100 Continue" aside; undefined while there is none. */
  #take(method: string): HttpAnswer | undefined {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    if (this.#received.indexOf('HTTP/1.1 100') === 0) {
      this.#received = this.#received.subarray(headEnd + 4);
      return this.#take(method);
    }
    const [first = '', ...lines] = this.#received.toString('latin1', 0, headEnd).split('\r\n');
    const headers = new Map(
      lines.map(line => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const length = method === 'HEAD' ? 0 : Number(headers.get('content-length') ?? 0);
    const end = headEnd + 4 + length;
    if (this.#received.length < end) return undefined;
    const body = this.#received.toString('utf8', headEnd + 4, end);
    this.#received = this.#received.subarray(end);
    return { status: Number(first.split(' ')[1]), headers, body };
  }
}
