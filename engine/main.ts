/** The engine process. Whatever ends the engine ends it with code 1 and a message. */
import { processConfig } from '../shared/io/config.js';
import { keysOf } from '../shared/io/keys.js';
import { createLogger } from '../shared/io/log.js';
import { Metrics } from '../shared/io/metrics.js';
import { MetricsTeller } from '../shared/io/metrics-channel.js';
import { createPool, SILENCE_LIMIT_MS } from '../shared/io/postgres.js';
import { measureProcess } from '../shared/io/process-metrics.js';
import { redisAt } from '../shared/io/redis.js';
import { onShutdown } from '../shared/io/shutdown.js';
import { CommandLog } from './command-log.js';
import { Engine } from './engine.js';
import { measureEngine } from './metrics.js';

const config = processConfig('redisUrl', 'databaseUrl');
const log = createLogger(config.instance, config.logLevel);
const keys = keysOf(config.namespace);
const redis = redisAt(config.redisUrl);
const commandLog = new CommandLog(redis, keys, log);
const pool = createPool(config.databaseUrl, config.namespace, 1, SILENCE_LIMIT_MS);
const engine = new Engine(
  { keys, log, commandLog, pool },
  {
    instance: `${config.instance}-${process.pid}`,
    leaseMs: config.leaseMs,
    journalLimitBytes: config.journalLimitBytes,
  },
);

const metrics = new Metrics({ process: config.instance });
measureProcess(metrics);
measureEngine(metrics, engine, config.journalLimitBytes);
const teller = new MetricsTeller(redis, keys.metrics, config.instance, metrics);

onShutdown(async () => {
  await engine.stop();
  teller.stop();
});

try {
  await engine.run(fail);
} catch (error) {
  fail(error as Error);
}

function fail(error: Error): never {
  log.fatal({ error: error.message, stack: error.stack }, 'the engine stops');
  process.exit(1);
}
