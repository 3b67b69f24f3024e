/** Sockets that say nothing, or half of something; and frames to the WebSocket that nobody should send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { METHODS } from '../../api/ws/requests.js';
import type { Random } from '../random.js';
import { hostileValue } from './values.js';

/** What an idle socket has said before it fell silent. */
const OPENINGS = [
  '',
  'GET /api/v1/time HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /api/v1/time HTTP/1.1\r\nHo',
  'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n',
  'POST /api/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"market"',
];

/** They are the server's to close. */
export class IdleSockets {
  readonly #sockets: Socket[] = [];
  #open = 0;

  async open({ hostname, port }: URL, count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const socket = connect(Number(port), hostname);
      this.#open++;
      socket.on('error', () => {}).on('close', () => this.#open--);
      socket.resume();
      socket.write(OPENINGS[number % OPENINGS.length]!);
      this.#sockets.push(socket);
      if (number % 100 === 99) await once(socket, 'connect').catch(() => {});
    }
  }

  /** How many the server has not closed. */
  get left(): number {
    return this.#open;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
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
