/**
 * The streams of a running exchange on one connection, which is made again whenever it is lost.
 *
 * Guarantees: what is subscribed to is subscribed to again on each connection, so that a depth begins anew with a
 * snapshot; between two connections messages are missed, of which each stream is told.
 */
import { WebSocket } from 'ws';
import type { ErrorCode } from '../../api/errors.js';
import type { StreamData, StreamKind } from '../../api/ws/messages.js';
import { RefusedError } from './client.js';

type MarketKind = Exclude<StreamKind, 'user' | 'kline'>;
export type StreamName = 'user' | `${string}@${MarketKind}` | `${string}@kline_${string}`;

export type DataOf<N extends StreamName> = N extends `${string}@${infer K extends MarketKind}`
  ? StreamData<K>
  : StreamData<N extends 'user' ? 'user' : 'kline'>;

/** Messages are missed from here on: up to a new connection, or for ever where the stream is refused by then. */
type OnLost = (refusal?: RefusedError) => void;

interface Subscription {
  readonly onData: (data: never) => void;
  readonly onLost: OnLost;
  /** Of the first time. */
  readonly confirm: () => void;
  readonly refuse: (error: Error) => void;
}

interface Message {
  stream?: string;
  data?: never;
  id?: number;
  error?: { code: ErrorCode; message: string };
}

const OWN = 'user';
const RECONNECT_DELAY_MS = 200;
/** The server pings every 20 s. */
const SILENCE_LIMIT_MS = 50_000;

export class Streams {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #subscriptions = new Map<string, Subscription>();
  /** The names that each request under way subscribes to. */
  readonly #asked = new Map<number, readonly string[]>();
  #socket: WebSocket;
  #lastId = 0;
  #silence: NodeJS.Timeout | undefined;
  #reconnection: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param token needed for the stream `user` */
  constructor(address: string, token?: string) {
    this.#url = `${address.replace(/^http/, 'ws')}/api/v1/ws`;
    this.#token = token;
    this.#socket = this.#connect();
  }

  /** Hands on the data of the stream's messages, in order; returns when the exchange has confirmed it. */
  subscribe<N extends StreamName>(
    name: N,
    onData: (data: DataOf<N>) => void,
    onLost: OnLost = () => {},
  ): Promise<void> {
    return new Promise((confirm, refuse) => {
      this.#subscriptions.set(name, { onData, onLost, confirm, refuse });
      this.#ask([name]);
    });
  }

  /** Once more from the beginning: a depth with a new snapshot. */
  restart(name: StreamName): void {
    this.#send('UNSUBSCRIBE', [name]);
    this.#ask([name]);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#silence);
    clearTimeout(this.#reconnection);
    this.#socket.terminate();
  }

  #connect(): WebSocket {
    const socket = new WebSocket(this.#url);
    socket.on('open', () => {
      this.#heard();
      if (this.#token !== undefined) this.#send('AUTH', [this.#token]);
      this.#askForAll();
    });
    socket.on('ping', () => this.#heard());
    socket.on('message', raw => this.#receive(JSON.parse(raw.toString()) as Message));
    // A close follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#asked.clear();
      clearTimeout(this.#silence);
      if (this.#isClosed) return;
      for (const { onLost } of this.#subscriptions.values()) onLost();
      this.#reconnection = setTimeout(() => {
        this.#socket = this.#connect();
      }, RECONNECT_DELAY_MS);
    });
    return socket;
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket.terminate(), SILENCE_LIMIT_MS);
  }

  /** The own stream by itself: a token that has expired must not take the others with it. */
  #askForAll(): void {
    const names = [...this.#subscriptions.keys()];
    this.#ask(names.filter(name => name !== OWN));
    this.#ask(names.filter(name => name === OWN));
  }

  /** While there is no connection the next one will ask for all. */
  #ask(names: readonly string[]): void {
    if (names.length > 0) this.#asked.set(this.#send('SUBSCRIBE', names), names);
  }

  #send(method: string, params: readonly string[]): number {
    const id = ++this.#lastId;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ method, params, id }));
    return id;
  }

  #receive({ stream, data, id, error }: Message): void {
    if (stream !== undefined) this.#subscriptions.get(stream)?.onData(data!);
    else if (id !== undefined) this.#answered(this.#asked.get(id) ?? [], error);
  }

  #answered(names: readonly string[], error: Message['error']): void {
    for (const name of names) {
      const subscription = this.#subscriptions.get(name);
      if (error === undefined) {
        subscription?.confirm();
      } else {
        const refusal = new RefusedError(0, error.code, error.message);
        this.#subscriptions.delete(name);
        subscription?.refuse(refusal);
        subscription?.onLost(refusal);
      }
    }
  }
}
