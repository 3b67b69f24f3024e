/**
 * The db-writer process. Several may run for one exchange.
 *
 * Life: wait for Postgres, bring the tables up to date, write the journal into them; at SIGTERM finish the transaction
 * that is running and exit with 0. A fault is logged and exits with 1.
 */
import { processConfig } from '../shared/io/config.js';
import { checkPostgresDurability, checkRedisDurability } from '../shared/io/durability.js';
import { keysOf } from '../shared/io/keys.js';
import { createLogger } from '../shared/io/log.js';
import { Metrics } from '../shared/io/metrics.js';
import { MetricsTeller } from '../shared/io/metrics-channel.js';
import { createPool, SILENCE_LIMIT_MS } from '../shared/io/postgres.js';
import { measureProcess } from '../shared/io/process-metrics.js';
import { connectPatiently, redisAt, tellOutages } from '../shared/io/redis.js';
import { onShutdown } from '../shared/io/shutdown.js';
import { measureWriter } from './metrics.js';
import { migrate } from './migrate.js';
import { reach, unlessStopped } from './outage.js';
import { Patience } from './patience.js';
import { Writer } from './writer.js';

/** One at a time: a transaction, or a read of the watermark. */
const POSTGRES_CONNECTIONS = 1;

const config = processConfig('redisUrl', 'databaseUrl');
const log = createLogger(config.instance, config.logLevel);
const pool = createPool(config.databaseUrl, config.namespace, POSTGRES_CONNECTIONS, SILENCE_LIMIT_MS);
const server = redisAt(config.redisUrl);
const redis = connectPatiently(server);
const stop = new AbortController();
const { instance, journalLimitBytes } = config;
const keys = keysOf(config.namespace);
const patience = new Patience(log, stop.signal);
const writer = new Writer({ pool, redis, keys, journalLimitBytes }, patience, stop.signal);
const metrics = new Metrics({ process: instance });

tellOutages(redis, log);
measureProcess(metrics);
measureWriter(metrics, writer);
const teller = new MetricsTeller(server, keys.metrics, instance, metrics);

async function run(): Promise<void> {
  await patience.through(async () => {
    await reach('Postgres', migrate(config.databaseUrl, config.namespace, log));
    await reach('Postgres', checkPostgresDurability(pool, log));
    await reach('Redis', unlessStopped(stop.signal, checkRedisDurability(redis, log)));
  });
  await writer.run();
}

const running = run().catch((fault: unknown) => {
  log.fatal({ err: fault }, 'the db-writer stops');
  process.exit(1);
});

onShutdown(async () => {
  stop.abort();
  await running;
  teller.stop();
  redis.disconnect();
  await pool.end();
});
