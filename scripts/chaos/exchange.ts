/**
 * The exchange that is put under faults: private servers and the real processes, two of each kind that may be two, in
 * one temporary folder, all kept running.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import { type Keys, keysOf } from '../../shared/io/keys.js';
import { createPool } from '../../shared/io/postgres.js';
import { connectOnce, redisAt } from '../../shared/io/redis.js';
import { type DataDir, logFile, openDataDir } from '../running/data-dir.js';
import { ownProgram } from '../running/own-program.js';
import { freePort } from '../running/ports.js';
import { privatePostgres } from '../running/private-postgres.js';
import { privateRedis } from '../running/private-redis.js';
import { type ServerProgram, waitUntilAnswering } from '../running/private-server.js';
import { waitUntilReady } from '../running/readiness.js';
import { Supervisor } from '../running/supervisor.js';

export const ENGINES = ['engine', 'engine-2'] as const;
export const APIS = ['api', 'api-2'] as const;
export const DB_WRITERS = ['db-writer', 'db-writer-2'] as const;
const SERVERS = ['redis', 'postgres'] as const;
const OWN_PROGRAMS = [...DB_WRITERS, ...ENGINES, ...APIS];

export type ProgramName = (typeof OWN_PROGRAMS)[number] | (typeof SERVERS)[number];

const HOST = '127.0.0.1';
const NAMESPACE = 'chaos';
const RECOVERY_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 100;

interface Stores {
  redisUrl: string;
  databaseUrl: string;
}

interface Readiness {
  ready: boolean;
  dbWriter: { lag: number | null };
}

export class ChaosExchange {
  readonly #dataDir: DataDir;
  readonly #supervisor: Supervisor;
  readonly #keys: Keys = keysOf(NAMESPACE);
  readonly #redis: Redis;
  readonly pool: pg.Pool;
  /** Where the leader was seen last. */
  #leader: (typeof ENGINES)[number] = 'engine';

  /** @param addresses of the apis, such as `http://127.0.0.1:3000` */
  private constructor(
    dataDir: DataDir,
    supervisor: Supervisor,
    readonly stores: Stores & { namespace: string },
    readonly addresses: readonly string[],
  ) {
    this.#dataDir = dataDir;
    this.#supervisor = supervisor;
    this.pool = createPool(stores.databaseUrl, NAMESPACE, 2);
    this.#redis = connectOnce(redisAt(stores.redisUrl));
    this.#redis.on('error', () => {});
    this.#redis.connect().catch(() => {});
  }

  /** Returns when orders can be taken. @param say gets a line for each program that ended and is started again */
  static async start(say: (line: string) => void): Promise<ChaosExchange> {
    const dataDir = await openDataDir(mkdtempSync(join(tmpdir(), 'lockstep-chaos-')));
    const supervisor = new Supervisor(dataDir.run, say);
    try {
      const stores = await startServers(dataDir, supervisor);
      const addresses = await startPrograms(dataDir, supervisor, stores);
      await Promise.all(addresses.map(address => waitUntilReady(address, say)));
      return new ChaosExchange(dataDir, supervisor, { ...stores, namespace: NAMESPACE }, addresses);
    } catch (error) {
      await supervisor.stopAll();
      throw error;
    }
  }

  get folder(): string {
    return this.#dataDir.path;
  }

  /** Undefined while it is not running. */
  pid(name: ProgramName): number | undefined {
    try {
      return Number(readFileSync(join(this.#dataDir.run, `${name}.pid`), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** The engine that leads; while nobody does, or Redis does not say, the one that led last. */
  async leader(): Promise<(typeof ENGINES)[number]> {
    const answer = this.#redis.get(this.#keys.leader).catch(() => null);
    const instance = await Promise.race([answer, sleep(POLL_INTERVAL_MS, null)]);
    this.#leader = ENGINES.find(name => `${name}-${this.pid(name)}` === instance) ?? this.#leader;
    return this.#leader;
  }

  /** Waits until every program runs, both apis take orders and Postgres has everything; answers what is missing. */
  async recovered(): Promise<string | undefined> {
    const giveUpAt = performance.now() + RECOVERY_TIMEOUT_MS;
    for (;;) {
      const missing = await this.#whatIsMissing();
      if (missing === undefined || performance.now() > giveUpAt) return missing;
      await sleep(POLL_INTERVAL_MS);
    }
  }

  async #whatIsMissing(): Promise<string | undefined> {
    const down = [...SERVERS, ...OWN_PROGRAMS].find(name => this.pid(name) === undefined);
    if (down !== undefined) return `${down} does not run; its log is ${logFile(this.#dataDir, down)}`;
    for (const address of this.addresses) {
      const body = await readiness(address);
      if (body?.ready !== true || body.dbWriter.lag !== 0) return `${address} says ${JSON.stringify(body)}`;
    }
    return undefined;
  }

  /** Stops everything. @param keepsFolder where somebody shall look into it */
  async stop(keepsFolder: boolean): Promise<void> {
    this.#redis.disconnect();
    await this.pool.end().catch(() => {});
    await this.#supervisor.stopAll();
    if (!keepsFolder) rmSync(this.folder, { recursive: true, force: true });
  }
}

async function startServers(dataDir: DataDir, supervisor: Supervisor): Promise<Stores> {
  const keep = async ({ program, url, probe }: ServerProgram): Promise<string> => {
    supervisor.keep(program);
    await waitUntilAnswering(probe);
    return url;
  };
  return {
    redisUrl: await keep(await privateRedis(dataDir.redis, logFile(dataDir, 'redis'))),
    databaseUrl: await keep(await privatePostgres(dataDir.postgres, logFile(dataDir, 'postgres'))),
  };
}

/** Answers where the apis are. */
async function startPrograms(dataDir: DataDir, supervisor: Supervisor, stores: Stores): Promise<string[]> {
  const env = settings(dataDir, stores);
  for (const name of [...DB_WRITERS, ...ENGINES]) supervisor.keep(ownProgram(name, dataDir, env));
  const addresses: string[] = [];
  for (const name of APIS) {
    const port = await freePort();
    supervisor.keep(ownProgram(name, dataDir, { ...env, PORT: String(port) }));
    addresses.push(`http://${HOST}:${port}`);
  }
  return addresses;
}

function settings(dataDir: DataDir, { redisUrl, databaseUrl }: Stores): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOST,
    NAMESPACE,
    DATA_DIR: dataDir.path,
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
    JWT_SECRET: randomBytes(32).toString('base64url'),
    ADMIN_EMAIL: 'admin@localhost',
    ADMIN_PASSWORD: randomBytes(12).toString('base64url'),
    SIGNUP_BALANCE: '',
    LOG_LEVEL: 'info',
  };
}

async function readiness(address: string): Promise<Readiness | undefined> {
  try {
    const answer = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(2000) });
    return (await answer.json()) as Readiness;
  } catch {
    return undefined;
  }
}
