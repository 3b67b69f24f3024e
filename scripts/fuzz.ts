/**
 * `npm run fuzz [-- --requests 100000 --seed S]`: hostile input against a whole exchange of its own: every route and
 * stream method, fields, bodies, headers, methods and paths as nobody should send them, half requests, and thousands of
 * sockets and WebSockets that say nothing.
 *
 * Guarantees: exits with 0 only where every request was answered in its form and none with 500, nothing changed that was
 * not acknowledged, every process lives and memory did not grow, and the exchange is whole at the end. The same seed
 * gives the same requests.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createSigner } from 'fast-jwt';
import { endingAll } from '../bench/measuring/ending.js';
import { type BenchExchange, startExchange } from '../bench/measuring/exchange.js';
import { FIRST_USER } from '../shared/domain/entities.js';
import { keysOf } from '../shared/io/keys.js';
import { connectPatiently, redisAt } from '../shared/io/redis.js';
import { Client } from './client/client.js';
import { type FuzzReport, fuzz } from './fuzzing/fuzz.js';
import type { Callers } from './fuzzing/requests.js';
import { LARGEST_SEED } from './random.js';
import { exitWith, Refusal } from './running/refusal.js';
import { verifyExchange } from './verification/verify.js';

const PROCESSES = ['api', 'engine', 'db-writer'];
/** Fewer where a process may not have as many files open. */
const MOST_IDLE_SOCKETS = 4000;
const MOST_QUIET_WEBSOCKETS = 8000;
const SILENT_WEBSOCKETS = 100;
const OTHER_FILES = 500;
const USERS = 3;
const FUNDS = { BTC: '100', ETH: '1000', USDT: '1000000' };

try {
  const asked = options();
  process.exitCode = await endingAll(() => run(asked));
} catch (error) {
  exitWith(error);
}

interface Options {
  readonly requests: number;
  readonly seed: number;
}

function options(): Options {
  const { values } = parseArgs({
    options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string' } },
  });
  const requests = Number(values.requests);
  const seed = values.seed === undefined ? randomInt(1, LARGEST_SEED) : Number(values.seed);
  if (!Number.isInteger(requests) || requests < 1)
    throw new Refusal(`--requests must be a whole number above 0, not "${values.requests}".`);
  if (!Number.isInteger(seed) || seed < 1 || seed > LARGEST_SEED)
    throw new Refusal(`--seed must be a whole number from 1 to ${LARGEST_SEED}, not "${values.seed}".`);
  return { requests, seed };
}

/** Gives the exit code. */
async function run({ requests, seed }: Options): Promise<number> {
  console.log(`${requests} requests, seed ${seed}`);
  const exchange = await startExchange();
  const redis = connectPatiently(redisAt(exchange.redisUrl));
  try {
    const began = performance.now();
    const open = sockets();
    const report = await fuzz(
      {
        url: new URL(exchange.address),
        redis,
        keys: keysOf(exchange.namespace),
        callers: await callersOf(exchange),
        pids: Object.fromEntries(PROCESSES.map(name => [name, exchange.pid(name)])),
      },
      { requests, seed, ...open, progress: sent => say(sent, requests) },
    );
    console.log(`beside ${open.quietWebSockets} open WebSockets and ${open.idleSockets} idle sockets`);
    tell(report, (performance.now() - began) / 1000);
    const isWhole = await verify(exchange);
    return report.faults.length === 0 && isWhole ? 0 : 1;
  } finally {
    redis.disconnect();
  }
}

async function callersOf({ address, jwtSecret }: BenchExchange): Promise<Callers> {
  const client = new Client(address);
  const users: string[] = [];
  for (let number = 0; number < USERS; number++) {
    const body = { email: `user-${number}@fuzz.test`, password: 'correct horse' };
    const { token } = await client.call('register', body);
    for (const [asset, amount] of Object.entries(FUNDS))
      await client.signedIn(token).call('deposit', { asset, amount });
    users.push(token);
  }
  client.close();
  const sign = createSigner({ key: jwtSecret, algorithm: 'HS256', expiresIn: 24 * 3600 * 1000 });
  return { users, admin: sign({ sub: String(FIRST_USER), email: 'admin@localhost', role: 'ADMIN' }) };
}

/** Two WebSockets for each idle socket, as many as the api, whose limit is ours, may have open. */
function sockets() {
  const limit = Number(/^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
  const third = Math.floor((limit - OTHER_FILES) / 3);
  return {
    idleSockets: Math.min(MOST_IDLE_SOCKETS, third),
    quietWebSockets: Math.min(MOST_QUIET_WEBSOCKETS, 2 * third),
    silentWebSockets: SILENT_WEBSOCKETS,
  };
}

function say(sent: number, requests: number): void {
  const tenth = Math.ceil(requests / 10);
  if (sent % tenth === 0) console.log(`${sent} sent`);
}

function tell(report: FuzzReport, seconds: number): void {
  const { faults, outcomes, commands, memory, kilobytesASocket } = report;
  for (const fault of faults) console.log(`FAULT ${fault}`);
  console.log([...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', '));
  for (const [name, [early, late]] of memory) console.log(`${name}: ${early} MB, in the end ${late} MB`);
  console.log(`${kilobytesASocket.toFixed(1)} KB of the api for each WebSocket that is open`);
  console.log(`${commands} commands carried out, ${faults.length} faults, ${seconds.toFixed(0)} s`);
}

async function verify(exchange: BenchExchange): Promise<boolean> {
  let isWhole = true;
  for await (const check of verifyExchange(exchange)) {
    isWhole &&= check.ok;
    if (!check.ok) console.log(`FAULT ${JSON.stringify(check)}`);
  }
  console.log(isWhole ? 'the exchange is whole' : 'the exchange is not whole');
  return isWhole;
}
