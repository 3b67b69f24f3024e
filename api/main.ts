/**
 * An api process: HTTP and WebSocket on one port.
 *
 * It waits for Redis, Postgres and an engine, in this order, saying for which; then it listens. From then on it takes
 * orders whether Postgres is there or not. Asked to stop, it takes no new connection, answers what is under way, closes
 * the rest and ends.
 */

import { App, type us_listen_socket, us_listen_socket_close } from 'uWebSockets.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, processConfig } from '../shared/io/config.js';
import { checkPostgresDurability, checkRedisDurability } from '../shared/io/durability.js';
import { keysOf } from '../shared/io/keys.js';
import { createLogger } from '../shared/io/log.js';
import { Metrics } from '../shared/io/metrics.js';
import { MetricsHearer, MetricsTeller } from '../shared/io/metrics-channel.js';
import { createPool, SILENCE_LIMIT_MS } from '../shared/io/postgres.js';
import { measureProcess } from '../shared/io/process-metrics.js';
import { connectPatiently, redisAt } from '../shared/io/redis.js';
import { onShutdown } from '../shared/io/shutdown.js';
import { Accounts } from './accounts.js';
import { Catalog } from './catalog.js';
import { Database } from './database.js';
import { EngineClient } from './engine-client.js';
import { Health } from './health.js';
import { History } from './history.js';
import { attachDocs } from './http/docs.js';
import { Entrance } from './http/entrance.js';
import { attachMetrics } from './http/metrics.js';
import { HttpServer, type HttpSettings } from './http/server.js';
import { MarketData } from './market-data.js';
import { exchangeText, measureApi } from './metrics.js';
import { ReportLog } from './report-log.js';
import { parseSignupBalance, Signup } from './signup.js';
import { storedCandles } from './stored-candles.js';
import { storedTrades } from './stored-trades.js';
import { Tokens } from './tokens.js';
import { Watermark } from './watermark.js';
import { attachGateway } from './ws/gateway.js';

const POSTGRES_CONNECTIONS = 10;
const RETRY_DELAY_MS = 250;
/** A whole office comes to work behind one address. */
const LOGIN_BURST_SECONDS = 50;
const REPORT_INTERVAL_MS = 10_000;
/** Longer than any request waits for its answer, shorter than the process's DRAIN_TIMEOUT_MS. */
const DRAIN_PATIENCE_MS = 5000;
/** `LIBUS_LISTEN_EXCLUSIVE_PORT`: without it two processes share a port silently. */
const EXCLUSIVE_PORT = 1;

const config = processConfig('redisUrl', 'databaseUrl', 'jwtSecret', 'adminPassword');
const { instance } = config;
const log = createLogger(instance, config.logLevel);
const keys = keysOf(config.namespace);
const redis = redisAt(config.redisUrl);

const engine = new EngineClient({ redis, keys, instance, log });
const pool = createPool(config.databaseUrl, config.namespace, POSTGRES_CONNECTIONS, SILENCE_LIMIT_MS);
const database = new Database(pool, log);
const catalog = new Catalog();
const marketData = new MarketData({
  engine,
  catalog,
  readTrades: storedTrades(database),
  readCandles: storedCandles(database),
});
const reports = new ReportLog({ feed: engine.feed, redis, key: keys.reports, log });
const tokens = new Tokens(config.jwtSecret);
const accounts = new Accounts(database);
const history = new History(database);
const health = new Health({ redis, keys, engine, catalog, database });
const metrics = new Metrics({ process: instance });
const teller = new MetricsTeller(redis, keys.metrics, instance, metrics);
const hearer = new MetricsHearer(redis, keys.metrics);

let stopServing = async () => {};

onShutdown(async () => {
  await stopServing();
  marketData.stop();
  engine.stop();
  reports.stop();
  health.stop();
  teller.stop();
  hearer.stop();
  await pool.end();
});

try {
  await start();
} catch (error) {
  if (error instanceof ConfigError) log.fatal(error.message);
  else log.fatal({ err: error }, 'the api does not start');
  process.exit(1);
}

async function start(): Promise<void> {
  engine.start();
  health.start();
  await waitFor('Redis', async () => engine.connected);
  await checkRedis();
  await waitFor('the database schema', hasSchema);
  await waitFor('Postgres', () => done(checkPostgresDurability(pool, log)));
  await waitFor('an engine', async () => marketData.isLoaded);
  await waitFor('the reports', async () => reports.isCurrent);
  const { adminEmail, adminPassword } = config;
  await waitFor('Postgres', () => done(accounts.ensureAdmin(adminEmail.toLowerCase(), adminPassword)));

  const deposits = parseSignupBalance(config.signupBalance, catalog);
  const signup = new Signup(deposits, history, log);
  const services = {
    engine,
    catalog,
    marketData,
    accounts,
    tokens,
    signup,
    history,
    reports,
    watermark: new Watermark(database),
    health,
  };
  const app = App();
  const entrance = new Entrance(log.child({ replyTo: engine.replyTo }));
  const server = new HttpServer(services, entrance, log, httpSettings());
  entrance.attach(app);
  const gateway = attachGateway(app, { entrance, engine, marketData, catalog, reports, tokens });
  measureProcess(metrics);
  measureApi(metrics, { engine, entrance, traffic: server.traffic, gateway });
  attachMetrics(app, () => exchangeText(instance, metrics, hearer, health), config.behindProxy);
  attachDocs(app);
  server.attach(app);
  const socket = await listen(app);
  log.info({ host: config.host, port: config.port }, 'listening');

  stopServing = async () => {
    us_listen_socket_close(socket);
    await server.drain(DRAIN_PATIENCE_MS);
    gateway.close();
    app.close();
  };
}

function httpSettings(): HttpSettings {
  const { commandsPerSecond, loginsPerSecond, behindProxy } = config;
  const rates = {
    ACCOUNT: { perSecond: commandsPerSecond, burst: commandsPerSecond },
    ADDRESS: { perSecond: loginsPerSecond, burst: LOGIN_BURST_SECONDS * loginsPerSecond },
  };
  return { rates, behindProxy };
}

/** Tries until the attempt succeeds; says at first and from time to time what it waits for. */
async function waitFor(what: string, attempt: () => Promise<boolean>): Promise<void> {
  let reportAt = 0;
  for (;;) {
    const reason = await attempt().then(
      done => (done ? undefined : 'not there yet'),
      (error: Error) => error.message,
    );
    if (reason === undefined) return;
    if (performance.now() >= reportAt) {
      log.info({ reason }, `waiting for ${what}`);
      reportAt = performance.now() + REPORT_INTERVAL_MS;
    }
    await sleep(RETRY_DELAY_MS);
  }
}

async function done(work: Promise<unknown>): Promise<true> {
  await work;
  return true;
}

async function checkRedis(): Promise<void> {
  const connection = connectPatiently(redis);
  connection.on('error', () => {});
  await checkRedisDurability(connection, log);
  connection.disconnect();
}

async function hasSchema(): Promise<boolean> {
  const { rows } = await pool.query<{ found: boolean }>(`SELECT to_regclass('users') IS NOT NULL AS found`);
  return rows[0]?.found === true;
}

function listen(app: ReturnType<typeof App>): Promise<us_listen_socket> {
  const { host, port } = config;
  return new Promise((resolve, reject) => {
    const listening = (socket: us_listen_socket | false) => {
      if (socket === false) reject(new Error(`port ${port} of ${host} is taken`));
      else resolve(socket);
    };
    // The library takes these four; its types know only three.
    (app.listen as (...settings: unknown[]) => unknown).call(app, host, port, EXCLUSIVE_PORT, listening);
  });
}
