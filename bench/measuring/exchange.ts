/** A whole exchange of its own for a bench: private servers in a temporary folder, the real processes, all stopped at the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/running/ports.js';
import { startPrivatePostgres } from '../../scripts/running/private-postgres.js';
import { startPrivateRedis } from '../../scripts/running/private-redis.js';
import { waitUntilReady } from '../../scripts/running/readiness.js';

const NAMESPACE = 'bench';
const START = fileURLToPath(new URL('../../scripts/start.js', import.meta.url));

export interface BenchExchange {
  host: string;
  port: number;
  address: string;
  redisUrl: string;
  databaseUrl: string;
  namespace: string;
  jwtSecret: string;
  /** The id of a running process, such as `api`. */
  pid: (name: string) => number;
  stop: () => Promise<void>;
}

export async function startExchange(): Promise<BenchExchange> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const redis = await startPrivateRedis(join(folder, 'redis'), join(folder, 'redis.log'));
  const postgres = await startPrivatePostgres(join(folder, 'postgres'), join(folder, 'postgres.log'));
  const dataDir = join(folder, 'data');
  const [host, port, jwtSecret] = ['127.0.0.1', await freePort(), randomBytes(32).toString('base64url')];
  const env = {
    ...process.env,
    REDIS_URL: redis.url,
    DATABASE_URL: postgres.url,
    DATA_DIR: dataDir,
    HOST: host,
    PORT: String(port),
    JWT_SECRET: jwtSecret,
    SIGNUP_BALANCE: '',
    NAMESPACE,
  };
  const supervisor = spawn(process.execPath, [START], {
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const address = `http://${host}:${port}`;
  await waitUntilReady(address, console.error);
  const stop = async () => {
    await stopped(supervisor);
    await Promise.all([redis.stop(), postgres.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  const pid = (name: string) => Number(readFileSync(join(dataDir, 'run', `${name}.pid`), 'utf8'));
  const servers = { redisUrl: redis.url, databaseUrl: postgres.url, namespace: NAMESPACE };
  return { host, port, address, ...servers, jwtSecret, pid, stop };
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
