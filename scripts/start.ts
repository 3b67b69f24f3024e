/**
 * `npm start`: the whole exchange on this machine, in the foreground.
 *
 * Guarantees: one exchange per DATA_DIR and per port; what an earlier run that was killed has left behind is stopped
 * first; a process that dies is started again; Ctrl-C or SIGTERM stops all of it, the api first and the servers last,
 * so that nothing that was accepted is lost and nothing is left running.
 */
import { type Config, readConfig } from '../shared/io/config.js';
import { recordAddresses, type ServerAddresses } from './running/addresses.js';
import { type DataDir, logFile, openDataDir } from './running/data-dir.js';
import { echoWarnings, rotateLog } from './running/log-files.js';
import { stopOrphans } from './running/orphans.js';
import { ownProgram } from './running/own-program.js';
import { assertPortFree } from './running/ports.js';
import { privatePostgres } from './running/private-postgres.js';
import { privateRedis } from './running/private-redis.js';
import { type ServerProgram, waitUntilAnswering } from './running/private-server.js';
import type { Program } from './running/program.js';
import { waitUntilReady } from './running/readiness.js';
import { exitWith } from './running/refusal.js';
import { keptSecret } from './running/secrets.js';
import { Supervisor } from './running/supervisor.js';

/** In the order in which they start; they stop in the reverse order. */
function processNames({ engines }: Config): string[] {
  const standbys = Array.from({ length: engines - 1 }, (_, index) => `engine-${index + 2}`);
  return ['db-writer', 'engine', ...standbys, 'api'];
}

const say = (line: string): void => console.log(line);

try {
  await start(readConfig());
} catch (error) {
  exitWith(error);
}

async function start(config: Config): Promise<void> {
  const dataDir = await openDataDir(config.dataDir);
  const orphans = await stopOrphans(dataDir);
  if (orphans > 0) {
    say(`Stopped ${orphans} processes that an earlier run had left behind.`);
  }
  await assertPortFree(config.host, config.port);

  const supervisor = new Supervisor(dataDir.run, say);
  stopOnSignal(supervisor);
  try {
    const { redisUrl, databaseUrl } = await startServers(config, dataDir, supervisor);
    recordAddresses(dataDir, { redisUrl, databaseUrl });
    const env = { ...ownSettings(config, dataDir), REDIS_URL: redisUrl, DATABASE_URL: databaseUrl };
    for (const name of processNames(config)) {
      supervisor.keep(nodeProcess(name, dataDir, env));
    }
  } catch (error) {
    await supervisor.stopAll();
    throw error;
  }

  const address = addressOf(config);
  say('Waiting until orders can be taken …');
  await waitUntilReady(address, missing => say(`Not ready yet: ${missing}. The logs are in ${dataDir.log}.`));
  say(welcome(address));
}

function stopOnSignal(supervisor: Supervisor): void {
  let stopping = false;
  const stop = (): void => {
    // At Ctrl-C the terminal signals us and npm, which passes it on: a second signal means nothing new.
    if (!stopping) {
      stopping = true;
      say('Stopping …');
      supervisor.stopAll().then(() => process.exit(0), exitWith);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, stop);
  }
  // A terminal that is gone must not keep us from stopping in order.
  process.stdout.on('error', () => undefined);
}

/** Starts the private servers that are needed, and answers where Redis and Postgres are. */
async function startServers(
  config: Config,
  dataDir: DataDir,
  supervisor: Supervisor,
): Promise<ServerAddresses> {
  const keep = async ({ program, url, probe }: ServerProgram): Promise<string> => {
    rotateLog(program.logFile);
    say(`Starting ${program.name} …`);
    supervisor.keep(program);
    await waitUntilAnswering(probe);
    return url;
  };
  return {
    redisUrl: config.redisUrl ?? (await keep(await privateRedis(dataDir.redis, logFile(dataDir, 'redis')))),
    databaseUrl:
      config.databaseUrl ??
      (await keep(await privatePostgres(dataDir.postgres, logFile(dataDir, 'postgres')))),
  };
}

function ownSettings(config: Config, dataDir: DataDir): NodeJS.ProcessEnv {
  let { adminPassword } = config;
  if (adminPassword === undefined) {
    const { value, isNew } = keptSecret(dataDir.adminPassword, 12);
    adminPassword = value;
    if (isNew) {
      say(
        `The administrator is ${config.adminEmail} with the password ${value} (kept in ${dataDir.adminPassword}).`,
      );
    }
  }
  return {
    ...process.env,
    DATA_DIR: dataDir.path,
    JWT_SECRET: config.jwtSecret ?? keptSecret(dataDir.jwtSecret, 32).value,
    ADMIN_EMAIL: config.adminEmail,
    ADMIN_PASSWORD: adminPassword,
  };
}

function nodeProcess(name: string, dataDir: DataDir, env: NodeJS.ProcessEnv): Program {
  const file = logFile(dataDir, name);
  rotateLog(file);
  echoWarnings(name, file, say);
  return ownProgram(name, dataDir, env);
}

/** Where a client on this machine reaches the api. */
function addressOf({ host, port }: Config): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function welcome(address: string): string {
  return `
Lockstep takes orders at ${address} (Ctrl-C stops it). A first one, to paste into another terminal:

TOKEN=$(curl -s ${address}/api/v1/user/new -H 'content-type: application/json' \\
  -d '{"email":"trader-'$(date +%s)'@example.com","password":"correct horse battery"}' \\
  | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
curl -s ${address}/api/v1/order -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d '{"market":"BTC_USDT","side":"BUY","type":"LIMIT","price":"50000.00","quantity":"0.01"}'
`;
}
