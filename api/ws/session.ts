/**
 * One client's connection: what it is subscribed to, and what it is owed.
 *
 * Guarantees: a reader of a stream gets every message of it once and in order, or is closed. A stream whose reader is
 * too slow is taken from it, and owed: as soon as the reader has taken everything, it gets what it missed (a new
 * snapshot of a depth) and the stream again, in one step. Whoever missed more trades than are known is closed.
 */
import type { WebSocket } from 'uWebSockets.js';
import { ApiError, type ErrorCode } from '../errors.js';
import { parseRequest, type Request, type RequestId } from './requests.js';
import type { Stream } from './stream.js';
import type { Streams } from './streams.js';
import { USER_STREAM } from './user-streams.js';

export const MAX_STREAMS = 200;
export const MAX_REQUESTS_PER_SECOND = 50;
/** Unsent bytes from which on a reader counts as slow: twice the largest snapshot (10,000 levels of 40 bytes). */
export const SLOW_BYTES = 1 << 20;

/** Why a reader is closed that has missed messages. */
export const TRY_AGAIN_LATER = 1013;
/** Characters of a client's text in a message of ours. */
const MAX_ECHO = 64;

/** What uWebSockets.js keeps for us with each socket. */
export interface SocketData {
  session?: Session;
}

/** What a session takes part in. */
export interface SessionParts {
  streams: Streams;
  /** The account of a token; throws an `ApiError` where it is not one of ours. */
  authenticate(token: string): number;
  userStream(account: number): Stream;
  refused(code: ErrorCode): void;
}

export class Session {
  readonly #ws: WebSocket<SocketData>;
  readonly #parts: SessionParts;
  /** Whose connection it is, once that is known. */
  #account: number | undefined;
  readonly #streams = new Map<string, Stream>();
  /** The streams that wait for their turn, and up to which position the reader has them. */
  readonly #owed = new Map<Stream, number>();
  #second = 0;
  #requestsInSecond = 0;

  constructor(ws: WebSocket<SocketData>, parts: SessionParts) {
    this.#ws = ws;
    this.#parts = parts;
  }

  get streams(): number {
    return this.#streams.size;
  }

  receive(frame: ArrayBuffer, isBinary: boolean): void {
    const { id, request } = parseRequest(frame, isBinary);
    const result = this.#answer(request);
    if (result instanceof ApiError) this.#refuse(result, id);
    else this.#ws.send(JSON.stringify({ result, id }));
    // After the answer, which comes before the first message of a stream.
    this.serve();
  }

  #refuse(refusal: ApiError, id: RequestId): void {
    this.#parts.refused(refusal.code);
    this.#ws.send(JSON.stringify({ ...refusal.body(), id }));
  }

  /** Whoever reads this stream is owed it anew. */
  restart(name: string): void {
    const stream = this.#streams.get(name);
    if (stream === undefined) return;
    this.#owe(stream);
    this.serve();
  }

  /** Whoever reads this stream has missed messages that nobody can give it any more. */
  dropReaderOf(name: string): void {
    if (this.#streams.has(name)) this.#ws.end(TRY_AGAIN_LATER, `messages of ${name} are lost`);
  }

  /** Takes the streams from a reader that is too slow. Not while messages are being published. */
  checkPace(): void {
    if (this.#ws.getBufferedAmount() <= SLOW_BYTES) return;
    for (const stream of this.#streams.values()) this.#owe(stream);
  }

  /** Gives a reader that has taken everything the streams that it is owed, one after the other. */
  serve(): void {
    for (const [stream, position] of this.#owed) {
      if (this.#ws.getBufferedAmount() > 0) return;
      const missed = stream.missedSince(position);
      if (missed === 'WAIT') continue;
      if (missed === 'BEHIND') {
        this.#ws.end(TRY_AGAIN_LATER, `too slow for ${stream.name}`);
        return;
      }
      for (const message of missed) this.#ws.send(message);
      this.#owed.delete(stream);
      this.#ws.subscribe(stream.topic);
    }
  }

  #owe(stream: Stream): void {
    if (this.#owed.has(stream)) return;
    this.#ws.unsubscribe(stream.topic);
    this.#owed.set(stream, stream.position());
  }

  #answer(request: Request | ApiError): readonly string[] | null | ApiError {
    if (!this.#mayAsk()) {
      return new ApiError('LIMIT_EXCEEDED', `at most ${MAX_REQUESTS_PER_SECOND} requests a second`);
    }
    if (request instanceof ApiError) return request;
    switch (request.method) {
      case 'SUBSCRIBE':
        return this.#subscribe(request.params);
      case 'UNSUBSCRIBE':
        return this.#unsubscribe(request.params);
      case 'LIST_SUBSCRIPTIONS':
        return [...this.#streams.keys()];
      case 'PING':
        return null;
      case 'AUTH':
        return this.#authenticate(request.token);
    }
  }

  /** A connection is one account's from the first time on. */
  #authenticate(token: string): null | ApiError {
    try {
      const account = this.#parts.authenticate(token);
      if (this.#account !== undefined && this.#account !== account) {
        return new ApiError('FORBIDDEN', "this connection is another account's: open a new one");
      }
      this.#account = account;
      return null;
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  }

  #mayAsk(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#requestsInSecond = 0;
    this.#second = second;
    return ++this.#requestsInSecond <= MAX_REQUESTS_PER_SECOND;
  }

  /** All of them or none. A stream that is read already just goes on. */
  #subscribe(names: readonly string[]): null | ApiError {
    const streams = this.#find(names);
    if (streams instanceof ApiError) return streams;
    const added = [...streams.values()].filter(({ name }) => !this.#streams.has(name));
    if (this.#streams.size + added.length > MAX_STREAMS) {
      return new ApiError('LIMIT_EXCEEDED', `at most ${MAX_STREAMS} streams a connection`);
    }
    for (const stream of added) {
      this.#streams.set(stream.name, stream);
      this.#owe(stream);
    }
    return null;
  }

  #unsubscribe(names: readonly string[]): null | ApiError {
    const streams = this.#find(names);
    if (streams instanceof ApiError) return streams;
    for (const name of streams.keys()) {
      const stream = this.#streams.get(name);
      if (stream === undefined) continue;
      this.#streams.delete(name);
      this.#owed.delete(stream);
      this.#ws.unsubscribe(stream.topic);
    }
    return null;
  }

  /** Each stream once. */
  #find(names: readonly string[]): Map<string, Stream> | ApiError {
    const streams = new Map<string, Stream>();
    for (const name of names) {
      const stream = this.#named(name);
      if (stream instanceof ApiError) return stream;
      streams.set(name, stream);
    }
    return streams;
  }

  #named(name: string): Stream | ApiError {
    const { streams, userStream } = this.#parts;
    if (name !== USER_STREAM) {
      return streams.find(name) ?? new ApiError('UNKNOWN_STREAM', `no stream ${name.slice(0, MAX_ECHO)}`);
    }
    if (this.#account === undefined) return new ApiError('UNAUTHENTICATED', 'send AUTH with a token first');
    return userStream(this.#account);
  }
}
