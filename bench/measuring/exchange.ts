/** A whole exchange of its own for a bench: private servers in a temporary folder, the real processes. It ends with us. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from '../../scripts/generating/store.js';
import { freePort } from '../../scripts/running/ports.js';
import { waitUntilReady } from '../../scripts/running/readiness.js';
import { endsWithUs } from './ending.js';
import { stop } from './processes.js';
import { startServers } from './servers.js';

const NAMESPACE = 'bench';
const START = fileURLToPath(new URL('../../scripts/start.js', import.meta.url));

export interface BenchExchange extends Target {
  host: string;
  port: number;
  address: string;
  jwtSecret: string;
  /** The id of a running process, such as `api`. */
  pid: (name: string) => number;
}

/** @param fill what there is before the exchange starts: nothing, where it is left out */
export async function startExchange(
  fill: (target: Target) => Promise<unknown> = async () => {},
): Promise<BenchExchange> {
  const { folder, redisUrl, databaseUrl } = await startServers();
  await fill({ redisUrl, databaseUrl, namespace: NAMESPACE });
  const dataDir = join(folder, 'data');
  const [host, port, jwtSecret] = ['127.0.0.1', await freePort(), randomBytes(32).toString('base64url')];
  const env = {
    ...process.env,
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
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
  endsWithUs(() => stop(supervisor));
  const address = `http://${host}:${port}`;
  await waitUntilReady(address, console.error);
  return {
    host,
    port,
    address,
    redisUrl,
    databaseUrl,
    namespace: NAMESPACE,
    jwtSecret,
    pid: name => Number(readFileSync(join(dataDir, 'run', `${name}.pid`), 'utf8')),
  };
}
