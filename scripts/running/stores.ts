/**
 * The Redis and the Postgres of an exchange, for a command that looks into them.
 *
 * Guarantees: of an exchange that runs, its own servers are used and left alone; of one that does not, the private
 * servers run for as long as the command does, under the lock of DATA_DIR, and are stopped also after Ctrl-C.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../shared/io/config.js';
import { recordedAddresses, type ServerAddresses } from './addresses.js';
import { claimDataDir, type DataDir } from './data-dir.js';
import { interruption } from './interruption.js';
import { stopOrphans } from './orphans.js';
import { startPrivatePostgres } from './private-postgres.js';
import { startPrivateRedis } from './private-redis.js';
import type { PrivateServer } from './private-server.js';
import { Refusal } from './refusal.js';

export interface Stores extends ServerAddresses {
  readonly namespace: string;
}

/** REDIS_URL and DATABASE_URL where they are set, else what DATA_DIR has; refuses where there is no exchange. */
export async function withStores(config: Config, use: (stores: Stores) => Promise<void>): Promise<void> {
  const { redisUrl, databaseUrl, namespace } = config;
  if (redisUrl !== undefined && databaseUrl !== undefined) return use({ redisUrl, databaseUrl, namespace });
  if (!existsSync(config.dataDir)) throw noExchange(config);
  const { dataDir, holder } = await claimDataDir(config.dataDir);
  if (holder === undefined) return withPrivateServers(config, dataDir, use);
  const recorded = recordedAddresses(dataDir, holder);
  if (recorded === undefined) {
    throw new Refusal(
      `Process ${holder} works on ${config.dataDir} and tells no addresses: try again when it has ended or started up.`,
    );
  }
  return use({
    redisUrl: redisUrl ?? recorded.redisUrl,
    databaseUrl: databaseUrl ?? recorded.databaseUrl,
    namespace,
  });
}

function noExchange({ dataDir }: Config): Refusal {
  return new Refusal(
    `There is no exchange in ${dataDir}: name its folder by DATA_DIR, or set REDIS_URL and DATABASE_URL.`,
  );
}

async function withPrivateServers(
  config: Config,
  dataDir: DataDir,
  use: (stores: Stores) => Promise<void>,
): Promise<void> {
  const { redisUrl, databaseUrl, namespace } = config;
  const isThere =
    (redisUrl ?? existsSync(dataDir.redis)) && (databaseUrl ?? existsSync(join(dataDir.postgres, 'cluster')));
  if (!isThere) throw noExchange(config);
  const interrupted = interruption();
  await stopOrphans(dataDir);
  const servers: PrivateServer[] = [];
  const start = async (starting: Promise<PrivateServer>): Promise<string> => {
    const server = await starting;
    servers.push(server);
    return server.url;
  };
  const logFile = (name: string) => join(dataDir.log, `${name}.log`);
  try {
    const stores = {
      redisUrl: redisUrl ?? (await start(startPrivateRedis(dataDir.redis, logFile('redis')))),
      databaseUrl: databaseUrl ?? (await start(startPrivatePostgres(dataDir.postgres, logFile('postgres')))),
      namespace,
    };
    await Promise.race([interrupted, use(stores)]);
  } finally {
    await Promise.all(servers.map(server => server.stop()));
  }
}
