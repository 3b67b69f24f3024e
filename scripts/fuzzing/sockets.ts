/** Sockets and WebSockets that say nothing, or half of something; and frames that nobody should send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { METHODS } from '../../api/ws/messages.js';
import type { Random } from '../random.js';
import { hostileValue } from './values.js';

/** What a socket says before it falls silent, and then now and then instead of falling silent. */
const OPENINGS: readonly (readonly [opening: string, trickle: string])[] = [
  ['', ''],
  ['GET /api/v1/time HTTP/1.1\r\nHost: x\r\n\r\n', ''],
  ['GET /api/v1/time HTTP/1.1\r\nHo', ''],
  ['GET /api/v1/time HTTP/1.1\r\nHost: x\r\n', 'X: y\r\n'],
  ['POST /api/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n', ''],
  ['POST /api/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"market"', ' '],
];
const TRICKLE_INTERVAL_MS = 1000;

/** Sockets that say nothing, or half of a request, or that only slowly. They are the server's to close. */
export class IdleSockets {
  readonly #sockets = new Map<Socket, string>();
  #trickling: NodeJS.Timeout | undefined;

  async open({ hostname, port }: URL, count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const [opening, trickle] = OPENINGS[number % OPENINGS.length]!;
      const socket = connect(Number(port), hostname);
      this.#sockets.set(socket, trickle);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
      socket.resume();
      socket.write(opening);
      if (number % 100 === 99) await once(socket, 'connect').catch(() => {});
    }
    this.#trickling = setInterval(() => {
      for (const [socket, trickle] of this.#sockets) socket.write(trickle);
    }, TRICKLE_INTERVAL_MS);
  }

  /** How many the server has not closed. */
  get left(): number {
    return this.#sockets.size;
  }

  close(): void {
    clearInterval(this.#trickling);
    for (const socket of this.#sockets.keys()) socket.destroy();
  }
}

const OPENED_AT_A_TIME = 100;

/** WebSockets that say nothing themselves. Those that answer pings are to stay open, the others are the server's to close. */
export class QuietWebSockets {
  readonly #sockets = new Set<WebSocket>();
  readonly #answerPings: boolean;

  constructor({ answerPings }: { answerPings: boolean }) {
    this.#answerPings = answerPings;
  }

  async open(url: string, count: number): Promise<void> {
    for (let left = count; left > 0; left -= OPENED_AT_A_TIME) {
      const opened = Array.from({ length: Math.min(left, OPENED_AT_A_TIME) }, () => this.#open(url));
      await Promise.all(opened);
    }
  }

  /** How many are open. */
  get left(): number {
    return this.#sockets.size;
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  async #open(url: string): Promise<void> {
    const socket = new WebSocket(url, { autoPong: this.#answerPings, perMessageDeflate: false });
    await once(socket, 'open');
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }
}

const UPGRADE =
  'GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
/** What is no frame of a client, in hexadecimal. */
const BROKEN_FRAMES = [
  '810568656c6c6f', // without a mask
  'f18000000000', // reserved bits
  '838000000000', // reserved operations
  '8b8000000000',
  '81ffffffffffffffffff00000000', // longer than can be
  '81ff000000000001000100000000', // longer than is taken
  '89fe007e00000000', // a long ping
  '098000000000', // half a ping
  '808000000000', // the end of nothing
  '018000000000818000000000', // a message within a message
  '818200000000fffe', // no UTF-8
  '888100000000ff', // half a reason to close
  '88820000000003e7', // a reason that is none
  '81', // half a head
];
const BROKEN_FRAME_PATIENCE_MS = 100;

/** Each on a connection of its own; what becomes of that is the server's to say. */
export async function sendBrokenFrames({ hostname, port }: URL): Promise<void> {
  for (const frame of BROKEN_FRAMES) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}).resume();
    socket.write(UPGRADE);
    socket.write(Buffer.from(frame, 'hex'));
    await Promise.race([once(socket, 'close'), sleep(BROKEN_FRAME_PATIENCE_MS)]);
    socket.destroy();
  }
}

const STREAMS = [
  'btc_usdt@trade',
  'btc_usdt@depth',
  'eth_usdt@kline_1m',
  'user',
  'x',
  '',
  '@',
  'a'.repeat(500),
  '__proto__',
];
const FRAMES: readonly ((random: Random) => string | Buffer)[] = [
  random => request(random, { params: Array.from({ length: random.below(5) }, () => random.of(STREAMS)) }),
  random => request(random, { params: Array.from({ length: random.below(5) }, () => random.of(STREAMS)) }),
  random => request(random, { params: hostileValue(random) }),
  random => request(random, { id: hostileValue(random) }),
  random => request(random, { method: hostileValue(random) }),
  random => request(random, { [random.of(['__proto__', 'x', 'data'])]: hostileValue(random) }),
  random => JSON.stringify(hostileValue(random)),
  random => '{'.repeat(random.below(1000)),
  random => '['.repeat(random.below(16_000)),
  random => ' '.repeat(random.below(20_000)),
  random => Buffer.from(Array.from({ length: random.below(100) }, () => random.below(256))),
];
const FRAME_TIMEOUT_MS = 20_000;

function request(random: Random, change: Record<string, unknown>): string {
  return JSON.stringify({
    method: random.of(METHODS),
    params: [random.of(STREAMS)],
    id: random.below(1000),
    ...change,
  });
}

/** Sends frames one after the other; each must be answered, with a result or an error. Throws at the first that is not. */
export async function sendFrames(url: string, count: number, random: Random): Promise<void> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const answers: string[] = [];
  let notify = () => {};
  socket.on('message', message => {
    const text = String(message);
    if (text.startsWith('{"stream":')) return;
    answers.push(text);
    notify();
  });
  for (let sent = 0; sent < count; sent++) {
    const frame = random.of(FRAMES)(random);
    const answered = new Promise<void>((resolve, reject) => {
      const shown = JSON.stringify(String(frame).slice(0, 2000));
      const fail = () => reject(new Error(`frame ${sent} was not answered: ${shown}`));
      const timer = setTimeout(fail, FRAME_TIMEOUT_MS);
      socket.once('close', fail);
      notify = () => {
        clearTimeout(timer);
        socket.off('close', fail);
        resolve();
      };
    });
    socket.send(frame);
    await answered;
    const { result, error } = JSON.parse(answers.pop()!);
    if (result === undefined && typeof error?.code !== 'string') throw new Error(`frame ${sent}: no form`);
  }
  socket.terminate();
}
