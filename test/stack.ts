/**
 * A whole exchange for a test: db-writer, engine and api as processes, on the Redis and Postgres of REDIS_URL and
 * DATABASE_URL, in a namespace of its own.
 *
 * Guarantees: when `startStack` returns, orders can be taken; when the test ends, the processes are gone and so is the
 * namespace's data. What the processes logged is shown where the test fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Test } from 'tap';
import { keysOf } from '../shared/io/keys.js';
import { createPool } from '../shared/io/postgres.js';
import { connectPatiently, redisAt } from '../shared/io/redis.js';

/** The program's name, with a number where there are several. */
export type ProcessName = 'db-writer' | 'engine' | 'engine-2' | 'api' | 'api-2';

/** A JSON value: tests look into it freely, and what is not there is undefined. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests assert
export type Body = any;

export interface Answer {
  status: number;
  body: Body;
  headers: IncomingHttpHeaders;
}

export interface RequestOptions {
  token?: string | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of `body`. */
  raw?: string | Buffer;
  headers?: Record<string, string>;
}

export interface TestUser {
  userId: string;
  email: string;
  token: string;
}

const PROCESSES = ['db-writer', 'engine', 'api'] as const;
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 20;
const LOG_LINES = 5000;
const SHOWN_LINES = 60;

export const PASSWORD = 'correct horse';

export async function startStack(t: Test, { env = {} }: { env?: NodeJS.ProcessEnv } = {}): Promise<Stack> {
  const stack = new Stack(t, await freePort(), env);
  t.teardown(() => stack.tearDown(t));
  for (const name of PROCESSES) stack.start(name);
  await stack.ready();
  return stack;
}

export class Stack {
  readonly namespace = `test_${randomBytes(6).toString('hex')}`;
  readonly url: string;
  readonly wsUrl: string;
  readonly keys = keysOf(this.namespace);
  readonly redis: Redis;
  readonly pool: pg.Pool;
  readonly #env: NodeJS.ProcessEnv;
  readonly #children = new Map<ProcessName, ChildProcess>();
  readonly #log: string[] = [];
  #users = 0;

  constructor(t: Test, port: number, env: NodeJS.ProcessEnv) {
    const { REDIS_URL, DATABASE_URL } = process.env;
    if (!REDIS_URL || !DATABASE_URL)
      throw new Error('REDIS_URL and DATABASE_URL are not set: run `npm test`');
    this.url = `http://127.0.0.1:${port}`;
    this.wsUrl = `ws://127.0.0.1:${port}/api/v1/ws`;
    this.redis = connectPatiently(redisAt(REDIS_URL));
    this.pool = createPool(DATABASE_URL, this.namespace, 2);
    // Tests stop servers, too.
    this.redis.on('error', () => {});
    this.pool.on('error', () => {});
    this.#env = {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: String(port),
      NAMESPACE: this.namespace,
      DATA_DIR: t.testdir(),
      JWT_SECRET: 'the secret of the tests',
      ADMIN_EMAIL: 'admin@localhost',
      ADMIN_PASSWORD: PASSWORD,
      SIGNUP_BALANCE: '',
      LOG_LEVEL: 'warn',
      ...env,
    };
  }

  /** @param env further settings, from this start on only */
  start(name: ProcessName, env: NodeJS.ProcessEnv = {}): void {
    const program = name.replace(/-\d$/, '');
    const main = fileURLToPath(new URL(`../${program}/main.js`, import.meta.url));
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      env: { ...this.#env, INSTANCE: name, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', line => this.#remember(name, line));
    }
    this.#children.set(name, child);
  }

  /** As `kill -9`; returns when it is gone. */
  async kill(...names: ProcessName[]): Promise<void> {
    await Promise.all(names.map(name => this.#end(name, 'SIGKILL')));
  }

  /** Asks them to stop, one after the other; returns their exit codes. */
  async stop(...names: ProcessName[]): Promise<(number | null)[]> {
    const codes: (number | null)[] = [];
    for (const name of names) codes.push(await this.#end(name, 'SIGTERM'));
    return codes;
  }

  isRunning(name: ProcessName): boolean {
    const child = this.#children.get(name);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** The process's id. */
  pid(name: ProcessName): number {
    return this.#children.get(name)!.pid!;
  }

  /** Waits until the process ends by itself; returns its exit code. */
  async ended(name: ProcessName): Promise<number | null> {
    const child = this.#children.get(name)!;
    if (this.isRunning(name)) await once(child, 'exit');
    this.#children.delete(name);
    return child.exitCode;
  }

  /** What the processes logged lately, a line each. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Waits until orders can be taken by an engine that runs; health tells of one that was killed until its lease ends. */
  async ready(): Promise<void> {
    const instances = () => [...this.#children].map(([name, { pid }]) => `${name}-${pid}`);
    await this.until('the exchange to be ready', async () => {
      const ended = [...this.#children.keys()].find(name => !this.isRunning(name));
      if (ended !== undefined) throw new Error(`${ended} has ended\n${this.#lastWords()}`);
      const answer = await this.request('GET', '/health/ready').catch(() => undefined);
      return answer?.status === 200 && instances().includes(answer.body.leader.instance);
    });
  }

  /** Waits until Postgres holds everything that was answered. */
  async settled(): Promise<void> {
    await this.until('Postgres to have everything', async () => {
      const last = await this.redis.xrevrange(this.keys.journal, '+', '-', 'COUNT', 1);
      const { rows } = await this.pool.query('SELECT sequence FROM watermark');
      return `${rows[0].sequence}-0` === last[0]?.[0];
    });
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + START_TIMEOUT_MS;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`waited too long for ${what}\n${this.#lastWords()}`);
      await sleep(POLL_MS);
    }
  }

  /** On a connection of its own, so that no test meets one that a stopped server left behind. */
  request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { token, body, raw, headers = {} } = options;
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const request = httpRequest(`${this.url}${path}`, {
        method,
        agent: false,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
          ...headers,
        },
      });
      request.on('error', reject).on('response', response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject).on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const status = response.statusCode!;
          resolve({ status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers });
        });
      });
      request.end(payload);
    });
  }

  async register(email = `user-${++this.#users}@example.com`): Promise<TestUser> {
    const { status, body } = await this.request('POST', '/api/v1/user/new', {
      body: { email, password: PASSWORD },
    });
    if (status !== 201) throw new Error(`registration: ${status} ${JSON.stringify(body)}`);
    return { userId: body.userId, email, token: body.token };
  }

  /** A user with these balances, such as `{ USDT: '1000' }`. */
  async trader(balances: Record<string, string>): Promise<TestUser> {
    const user = await this.register();
    for (const [asset, amount] of Object.entries(balances)) {
      const body = { asset, amount };
      const { status } = await this.request('POST', '/api/v1/user/deposit', { token: user.token, body });
      if (status !== 201) throw new Error(`deposit of ${amount} ${asset}: ${status}`);
    }
    return user;
  }

  /** The administrator's token. */
  async admin(): Promise<string> {
    const body = { email: this.#env.ADMIN_EMAIL, password: this.#env.ADMIN_PASSWORD };
    const answer = await this.request('POST', '/api/v1/user/login', { body });
    if (answer.status !== 200) throw new Error(`login of the administrator: ${answer.status}`);
    return answer.body.token;
  }

  /** `{ USDT: ['available', 'locked'], … }` of the balances that are not zero. */
  async balances({ token }: TestUser): Promise<Record<string, [string, string]>> {
    const { body } = await this.request('GET', '/api/v1/user', { token });
    const held = body.balances.filter((balance: Body) => /[1-9]/.test(balance.available + balance.locked));
    return Object.fromEntries(
      held.map((balance: Body) => [balance.asset, [balance.available, balance.locked]]),
    );
  }

  /** Stops everything and throws the data away. */
  async tearDown(t: Test): Promise<void> {
    await this.stop('api-2', 'api', 'engine-2', 'engine', 'db-writer');
    if (!t.passing()) t.comment(this.#lastWords());
    await this.pool.query(`DROP SCHEMA IF EXISTS ${this.namespace} CASCADE`);
    const keys = await this.redis.keys(`{${this.namespace}}*`);
    if (keys.length > 0) await this.redis.del(...keys);
    await this.pool.end();
    this.redis.disconnect();
  }

  async #end(name: ProcessName, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#children.get(name);
    if (child === undefined) return null;
    if (this.isRunning(name)) {
      child.kill(signal);
      await once(child, 'exit');
    }
    this.#children.delete(name);
    return child.exitCode;
  }

  #lastWords(): string {
    return this.#log.slice(-SHOWN_LINES).join('\n');
  }

  #remember(name: ProcessName, line: string): void {
    this.#log.push(`${name}: ${line}`);
    if (this.#log.length > LOG_LINES) this.#log.shift();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
