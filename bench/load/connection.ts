/**
 * One kept HTTP/1.1 connection with one request under way, over a bare socket: a general client would take more
 * processor time than the exchange that it is to measure. A connection that is lost ends the process: what becomes of
 * its requests is not known, so nothing can be measured any more.
 */
import { connect, type Socket } from 'node:net';
import { Refusal } from '../../scripts/running/refusal.js';

export interface Address {
  host: string;
  port: number;
}

/** Larger than any answer to an order. */
const READ_BYTES = 65_536;
const HEADERS_END = '\r\n\r\n';
const CONTENT_LENGTH = /content-length: (\d+)/i;

export class Connection {
  readonly #socket: Socket;
  readonly #onAnswer: (status: number, body: string) => void;
  #received = '';

  constructor({ host, port }: Address, onAnswer: (status: number, body: string) => void) {
    this.#onAnswer = onAnswer;
    const onread = {
      buffer: Buffer.allocUnsafe(READ_BYTES),
      callback: (bytes: number, buffer: Uint8Array) => {
        this.#take((buffer as Buffer).toString('latin1', 0, bytes));
        return true;
      },
    };
    this.#socket = connect({ host, port, noDelay: true, onread });
    const lost = (reason: string) => {
      throw new Refusal(`A connection to ${host}:${port} is lost: ${reason}.`);
    };
    this.#socket.on('error', ({ message }) => lost(message));
    this.#socket.on('end', () => lost('the other side has closed it'));
  }

  /** Text is Latin-1. */
  send(request: Buffer | string): void {
    this.#socket.write(request, 'latin1');
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#received += chunk;
    const headersEnd = this.#received.indexOf(HEADERS_END);
    if (headersEnd < 0) return;
    const bodyStart = headersEnd + HEADERS_END.length;
    const length = Number(CONTENT_LENGTH.exec(this.#received)?.[1] ?? 0);
    if (this.#received.length < bodyStart + length) return;
    const status = Number(this.#received.slice(9, 12));
    const body = this.#received.slice(bodyStart);
    this.#received = '';
    this.#onAnswer(status, body);
  }
}

/** @param body sent as JSON */
export function httpRequest(method: string, path: string, token: string, body?: object): string {
  const json = body === undefined ? '' : JSON.stringify(body);
  const length =
    body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${json.length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n${length}\r\n${json}`;
}
