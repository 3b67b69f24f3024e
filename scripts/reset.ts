/**
 * `npm run reset -- --yes`: throws the exchange's data away, so that the next start is a fresh one.
 *
 * Guarantees: nothing is deleted without `--yes` or while the exchange of this DATA_DIR runs. Of a Redis or a Postgres
 * that is not ours, only the keys and the schema of NAMESPACE are touched. The administrator's password stays; the secret
 * of the tokens goes, since the next exchange numbers its users from the beginning, and an old token must name none.
 */
import { rmSync } from 'node:fs';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type Config, readConfig } from '../shared/io/config.js';
import { type DataDir, openDataDir } from './running/data-dir.js';
import { stopOrphans } from './running/orphans.js';
import { exitWith, Refusal } from './running/refusal.js';

const KEYS_PER_SCAN = 1000;

try {
  await reset(readConfig(), process.argv.slice(2));
  process.exit(0);
} catch (error) {
  exitWith(error);
}

async function reset(config: Config, args: string[]): Promise<void> {
  const dataDir = await openDataDir(config.dataDir);
  const steps = stepsFor(config, dataDir);
  const what = steps.map(step => step.what).join(' and ');
  if (args.length !== 1 || args[0] !== '--yes') {
    throw new Refusal(`This deletes ${what}, for good: run \`npm run reset -- --yes\` if you want that.`);
  }
  await stopOrphans(dataDir);
  for (const { what, run } of steps) {
    await run();
    console.log(`Deleted ${what}.`);
  }
}

interface Step {
  readonly what: string;
  readonly run: () => Promise<void>;
}

function stepsFor(config: Config, dataDir: DataDir): Step[] {
  const { redisUrl, databaseUrl, namespace } = config;
  return [
    redisUrl === undefined
      ? { what: dataDir.redis, run: async () => rmSync(dataDir.redis, { recursive: true, force: true }) }
      : { what: `the Redis keys {${namespace}}:*`, run: () => deleteKeys(redisUrl, namespace) },
    databaseUrl === undefined
      ? {
          what: dataDir.postgres,
          run: async () => rmSync(dataDir.postgres, { recursive: true, force: true }),
        }
      : { what: `the Postgres schema ${namespace}`, run: () => dropSchema(databaseUrl, namespace) },
    { what: dataDir.jwtSecret, run: async () => rmSync(dataDir.jwtSecret, { force: true }) },
  ];
}

async function deleteKeys(redisUrl: string, namespace: string): Promise<void> {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  await redis.connect();
  // A namespace has no character that means something in a pattern.
  for await (const keys of redis.scanStream({ match: `{${namespace}}:*`, count: KEYS_PER_SCAN })) {
    if (keys.length > 0) {
      await redis.unlink(...(keys as string[]));
    }
  }
  await redis.quit();
}

async function dropSchema(databaseUrl: string, namespace: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${client.escapeIdentifier(namespace)} CASCADE`);
  await client.end();
}
