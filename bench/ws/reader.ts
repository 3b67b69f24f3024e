/**
 * One reader of a stream over a bare socket: it counts the frames and, of a few readers, looks into them. A general client
 * would take more processor time than the gateway that it is to measure.
 */
import { connect, type Socket } from 'node:net';
import type { Address } from '../load/connection.js';

const HEADERS_END = '\r\n\r\n';
const SHORT = 126;
const TEXT_FRAME = 0x81;
/** Nobody checks it. */
const KEY = 'AAAAAAAAAAAAAAAAAAAAAA==';
const NO_MASK = Buffer.alloc(4);

export class Reader {
  readonly #socket: Socket;
  readonly #subscription: string;
  readonly #onText: (text: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);
  #isOpen = false;

  /** @param subscription what it asks for @param onText hears every text frame, the answer to the subscription too */
  constructor({ host, port }: Address, subscription: string, onText: (text: Buffer) => void) {
    this.#subscription = subscription;
    this.#onText = onText;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.write(
      `GET /api/v1/ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    this.#socket.on('data', chunk => this.#take(chunk));
    this.#socket.on('error', () => {});
  }

  /** Reads no more, and stays. */
  stick(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#isOpen) {
      const end = bytes.indexOf(HEADERS_END);
      if (end < 0) {
        this.#rest = bytes;
        return;
      }
      this.#isOpen = true;
      this.#socket.write(masked(this.#subscription));
      bytes = bytes.subarray(end + HEADERS_END.length);
    }
    this.#rest = this.#frames(bytes);
  }

  /** Gives what is left of a frame that is not whole yet. */
  #frames(bytes: Buffer): Buffer {
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = bytes[at + 1]!;
      const header = short < SHORT ? 2 : short === SHORT ? 4 : 10;
      if (bytes.length - at < header) break;
      const length =
        short < SHORT
          ? short
          : short === SHORT
            ? bytes.readUInt16BE(at + 2)
            : Number(bytes.readBigUInt64BE(at + 2));
      const end = at + header + length;
      if (bytes.length < end) break;
      if (bytes[at] === TEXT_FRAME) this.#onText(bytes.subarray(at + header, end));
      at = end;
    }
    return at === bytes.length ? NOTHING : bytes.subarray(at);
  }
}

const NOTHING = Buffer.alloc(0);

/** A client's frame, shorter than 64 KB. */
function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  const isShort = payload.length < SHORT;
  const header = isShort
    ? Buffer.of(TEXT_FRAME, 0x80 | payload.length)
    : Buffer.of(TEXT_FRAME, 0x80 | SHORT, payload.length >> 8, payload.length & 0xff);
  return Buffer.concat([header, NO_MASK, payload]);
}
