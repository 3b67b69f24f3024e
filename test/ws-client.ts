/** A reader of the streams: keeps everything that it was sent. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { WebSocket } from 'ws';

type DecimalLevels = readonly (readonly [string, string])[];

/** Of a candle: when it opens and closes, its trades, and whether it is closed. */
export interface Kline {
  t: number;
  T: number;
  n: number;
  x: boolean;
}

/** The fields of the public streams' messages. */
export interface StreamData {
  e: string;
  t?: string;
  U?: number;
  u?: number;
  b?: DecimalLevels;
  a?: DecimalLevels;
  k?: Kline;
}

export interface Message {
  stream?: string;
  data?: StreamData;
  id?: unknown;
  result?: unknown;
  error?: { code: string; message: string };
}

export class WsClient {
  readonly messages: Message[] = [];
  /** Once it is closed. */
  closeCode: number | undefined;
  /** Of the server, each of which was answered. */
  pings = 0;
  readonly #socket: WebSocket;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', message => this.messages.push(JSON.parse(String(message))));
    socket.on('ping', () => this.pings++);
    socket.on('close', code => {
      this.closeCode = code;
    });
    socket.on('error', () => {});
  }

  static async connect(url: string, t: Test): Promise<WsClient> {
    const socket = new WebSocket(url);
    const client = new WsClient(socket);
    t.teardown(() => socket.terminate());
    await once(socket, 'open');
    return client;
  }

  send(frame: object | string | Buffer): void {
    this.#socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** The answer to a request with an id of its own. */
  async ask(method: string, params?: readonly string[]): Promise<Message> {
    const id = ++this.#lastId;
    this.send({ method, params, id });
    await eventually(() => this.messages.some(message => message.id === id));
    return this.messages.find(message => message.id === id)!;
  }

  /** What came on one stream, in order. */
  data(stream: string): StreamData[] {
    return this.messages.filter(message => message.stream === stream).map(({ data }) => data!);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}

/** Waits until it holds. */
export async function eventually(holds: () => unknown, timeoutMs = 30_000): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await holds())) {
    assert.ok(performance.now() < until, `not within ${timeoutMs} ms: ${holds}`);
    await sleep(5);
  }
}
