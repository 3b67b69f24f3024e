/**
 * Hostile input against a running exchange, and what must hold of it: every request is answered in its form and none
 * with 500, nothing that was refused has changed anything, no process ends, and memory does not grow.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { ROUTES } from '../../api/http/routes.js';
import type { Keys } from '../../shared/io/keys.js';
import { Random } from '../random.js';
import { FuzzConnection, type Outcome } from './connection.js';
import { Effects } from './effects.js';
import { codeOf, faultOf } from './judge.js';
import { type Callers, type FuzzRequest, Requests } from './requests.js';
import { IdleSockets, QuietWebSockets, sendBrokenFrames, sendFrames } from './sockets.js';

export interface Target {
  readonly url: URL;
  readonly redis: Redis;
  readonly keys: Keys;
  readonly callers: Callers;
  /** Of the processes that must live, by name. */
  readonly pids: Readonly<Record<string, number>>;
}

export interface FuzzOptions {
  readonly requests: number;
  readonly seed: number;
  readonly idleSockets: number;
  /** Open from the beginning to the end. */
  readonly quietWebSockets: number;
  /** That do not even answer pings. Where there are some, it takes more than a minute. */
  readonly silentWebSockets: number;
  /** Told the number of each request that is over. */
  readonly progress?: (number: number) => void;
}

export interface FuzzReport {
  /** What contradicts a promise, a line each. */
  readonly faults: string[];
  /** By code of a refusal or status of a success; `no answer` where none was needed. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Commands that were carried out. */
  readonly commands: number;
  /** Resident memory by process in MB, after a fifth of the requests and at the end. */
  readonly memory: ReadonlyMap<string, readonly [early: number, late: number]>;
  /** Of the api, for each WebSocket. */
  readonly kilobytesASocket: number;
}

const CONNECTIONS = 16;
const WS_CONNECTIONS = 4;
/** A frame for so many requests. */
const REQUESTS_A_FRAME = 10;
const MOST_FAULTS = 10;
const MAX_GROWTH_MB = 150;
/** The library looks every four seconds for connections that were idle for ten. */
const IDLE_PATIENCE_MS = 20_000;
/** A minute, and the library looks every four seconds. */
const SILENCE_PATIENCE_MS = 70_000;
/** 2 KB were measured; of a few sockets what the process does meanwhile counts for more. */
const MAX_KB_A_SOCKET = 50;
const SHOWN_BYTES = 1500;

export async function fuzz(target: Target, options: FuzzOptions): Promise<FuzzReport> {
  return new Fuzz(target, options).run();
}

class Fuzz {
  readonly #target: Target;
  readonly #options: FuzzOptions;
  readonly #requests: Requests;
  readonly #effects: Effects;
  readonly #faults: string[] = [];
  readonly #outcomes = new Map<string, number>();
  #early: ReadonlyMap<string, number> = new Map();
  #sent = 0;

  constructor(target: Target, options: FuzzOptions) {
    this.#target = target;
    this.#options = options;
    this.#requests = new Requests(ROUTES, target.callers, new Random(options.seed));
    this.#effects = new Effects(target.redis, target.keys);
  }

  async run(): Promise<FuzzReport> {
    const { url } = this.#target;
    await this.#effects.begin();
    const quiet = new QuietWebSockets({ answerPings: true });
    const silent = new QuietWebSockets({ answerPings: false });
    const kilobytesASocket = await this.#openWebSockets(quiet, silent);
    const silentSince = performance.now();
    const idle = new IdleSockets();
    await idle.open(url, this.#options.idleSockets);
    await Promise.all([
      ...Array.from({ length: CONNECTIONS }, () => this.#sendRequests()),
      sendBrokenFrames(url),
      ...Array.from({ length: WS_CONNECTIONS }, (_, number) => this.#sendFrames(number)),
    ]);
    await this.#closed('idle sockets', idle, performance.now() + IDLE_PATIENCE_MS);
    await this.#closed('silent WebSockets', silent, silentSince + SILENCE_PATIENCE_MS);
    const lost = this.#options.quietWebSockets - quiet.left;
    if (lost > 0) this.#faults.push(`${lost} WebSockets were closed that answer pings`);
    const memory = this.#memory();
    quiet.close();
    this.#faults.push(...(await this.#effects.end()), ...this.#deaths());
    return {
      faults: this.#faults,
      outcomes: new Map([...this.#outcomes].sort(([, a], [, b]) => b - a)),
      commands: this.#effects.done,
      memory,
      kilobytesASocket,
    };
  }

  /** Gives what each of them costs the api, in KB. */
  async #openWebSockets(quiet: QuietWebSockets, silent: QuietWebSockets): Promise<number> {
    const { quietWebSockets, silentWebSockets } = this.#options;
    const megabytes = () => memoryOf(this.#target).get('api') ?? 0;
    const before = megabytes();
    await quiet.open(this.#webSocketUrl, quietWebSockets);
    await silent.open(this.#webSocketUrl, silentWebSockets);
    const kilobytes = ((megabytes() - before) * 1024) / (quietWebSockets + silentWebSockets);
    if (kilobytes > MAX_KB_A_SOCKET) this.#faults.push(`${kilobytes.toFixed(0)} KB for each WebSocket`);
    return kilobytes;
  }

  /** Waits until the server has closed them all. */
  async #closed(what: string, sockets: { readonly left: number; close(): void }, end: number): Promise<void> {
    while (sockets.left > 0 && performance.now() < end) await sleep(50);
    if (sockets.left > 0) this.#faults.push(`${sockets.left} ${what} are still open`);
    sockets.close();
  }

  get #webSocketUrl(): string {
    const url = new URL('/api/v1/ws', this.#target.url);
    url.protocol = 'ws:';
    return url.href;
  }

  async #sendRequests(): Promise<void> {
    const { requests, progress } = this.#options;
    const connection = new FuzzConnection(this.#target.url);
    while (this.#sent < requests && this.#faults.length < MOST_FAULTS) {
      const request = this.#requests.next();
      this.#sent++;
      const outcome = await connection.send(request).catch((error: Error) => error);
      if (outcome instanceof Error) this.#fault(request, `no connection: ${outcome.message}`);
      else this.#see(request, outcome);
      if (request.number === Math.ceil(requests / 5)) this.#early = memoryOf(this.#target);
      progress?.(request.number);
    }
    connection.close();
  }

  #see(request: FuzzRequest, outcome: Outcome): void {
    this.#effects.note(request, outcome);
    const fault = faultOf(request, outcome);
    if (fault !== undefined) this.#fault(request, fault);
    const name = typeof outcome === 'string' ? 'no answer' : (codeOf(outcome) ?? String(outcome.status));
    this.#outcomes.set(name, (this.#outcomes.get(name) ?? 0) + 1);
  }

  #fault({ number, route, pieces }: FuzzRequest, what: string): void {
    const { users, admin } = this.#target.callers;
    let text = Buffer.concat(pieces).toString('latin1');
    for (const [place, token] of [...users, admin].entries())
      text = text.replaceAll(token, `<token ${place}>`);
    this.#faults.push(
      `seed ${this.#options.seed}, request ${number} (${route}): ${what}\n${JSON.stringify(text.slice(0, SHOWN_BYTES))}`,
    );
  }

  async #sendFrames(number: number): Promise<void> {
    const { requests, seed } = this.#options;
    const frames = Math.ceil(requests / REQUESTS_A_FRAME / WS_CONNECTIONS);
    await sendFrames(this.#webSocketUrl, frames, new Random(seed + number + 1)).catch((error: Error) =>
      this.#faults.push(`seed ${seed}, WebSocket ${number}: ${error.message}`),
    );
  }

  #deaths(): string[] {
    return Object.entries(this.#target.pids).flatMap(([name, pid]) => {
      try {
        process.kill(pid, 0);
        return [];
      } catch {
        return [`${name} has ended`];
      }
    });
  }

  #memory(): Map<string, [number, number]> {
    const late = memoryOf(this.#target);
    const memory = new Map<string, [number, number]>();
    for (const [name, megabytes] of late) {
      const early = this.#early.get(name) ?? megabytes;
      memory.set(name, [early, megabytes]);
      if (megabytes - early > MAX_GROWTH_MB)
        this.#faults.push(`${name} grew from ${early} to ${megabytes} MB`);
    }
    return memory;
  }
}

/** Resident megabytes by process; of one that has ended nothing. */
function memoryOf({ pids }: Target): Map<string, number> {
  const memory = new Map<string, number>();
  for (const [name, pid] of Object.entries(pids)) {
    try {
      const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      memory.set(name, Math.round(Number(kilobytes) / 1024));
    } catch {}
  }
  return memory;
}
