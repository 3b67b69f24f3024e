/** The programs of the exchange as processes of a simulated world: the product's own classes, composed as main.ts does. */
import { Catalog } from '../../api/catalog.js';
import { Database } from '../../api/database.js';
import { EngineClient } from '../../api/engine-client.js';
import { Entrance } from '../../api/http/entrance.js';
import { MarketData } from '../../api/market-data.js';
import { ReportLog } from '../../api/report-log.js';
import { storedCandles } from '../../api/stored-candles.js';
import { storedTrades } from '../../api/stored-trades.js';
import { Tokens } from '../../api/tokens.js';
import { attachGateway } from '../../api/ws/gateway.js';
import { Patience } from '../../db-writer/patience.js';
import { Writer } from '../../db-writer/writer.js';
import { CommandLog, FencedError } from '../../engine/command-log.js';
import { Exchange } from '../../engine/core/exchange.js';
import { Engine } from '../../engine/engine.js';
import { connectPatiently } from '../../shared/io/redis.js';
import { SimulatedApp } from './gateway.js';
import type { Plan, ProcessName } from './plan.js';
import { simulatedPool } from './postgres-client.js';
import { SECRET } from './reader.js';
import { simulatedRedis } from './redis-client.js';
import type { Owner } from './scheduler.js';
import { wallClock } from './virtual-time.js';
import type { World } from './world.js';

const LEASE_MS = 1000;
const RESTART_MS = 200;
/** Until an api looks again whether it may listen. */
const RETRY_MS = 50;
const SMALL_JOURNAL_BYTES = 18_000;
const LARGE_JOURNAL_BYTES = 100_000_000;
/** What may end a process: it is started again, and nothing was promised. */
const MAY_END =
  /another engine leads|^OOM|ERR The ID specified in XADD|Connection terminated|ECONNREFUSED|connection error/;

export interface Api {
  readonly engine: EngineClient;
  readonly catalog: Catalog;
  readonly marketData: MarketData;
  readonly gateway: SimulatedApp;
}

const tokens = new Tokens(SECRET);

/** Of each engine, the state that it changed last. */
const exchanges = new Map<Owner, Exchange>();
let current: World;

/** Once a thread: an engine's state is its own, so it is noted where it changes. */
export function watchExchanges(): void {
  const { endBatch } = Exchange.prototype;
  Exchange.prototype.endBatch = function (this: Exchange) {
    const owner = current.scheduler.current;
    if (owner !== undefined) exchanges.set(owner, this);
    return endBatch.call(this);
  };
}

export class Processes {
  readonly #world: World;
  readonly #plan: Plan;
  readonly #running = new Map<ProcessName, Owner>();
  readonly #apis = new Map<ProcessName, Api>();
  /** Those that are started again when they have ended. */
  readonly #wanted = new Set<ProcessName>();
  /** Every deadline that was given, which tells one request from all others. */
  readonly #deadlines = new Set<number>();
  #births = 0;
  #lastStamp: number | undefined;

  constructor(world: World, plan: Plan) {
    this.#world = world;
    this.#plan = plan;
    current = world;
    exchanges.clear();
  }

  get names(): ProcessName[] {
    return [...this.#wanted];
  }

  owner(name: ProcessName): Owner | undefined {
    return this.#running.get(name);
  }

  api(name: ProcessName): Api | undefined {
    return this.#apis.get(name);
  }

  exchange(name: ProcessName): Exchange | undefined {
    const owner = this.#running.get(name);
    return owner && exchanges.get(owner);
  }

  /** Of the request that was made just now; nothing where it was refused before it had one. */
  takeStamp(): number | undefined {
    const stamp = this.#lastStamp;
    this.#lastStamp = undefined;
    return stamp;
  }

  start(name: ProcessName): void {
    this.#wanted.add(name);
    if (this.#running.has(name)) return;
    const owner: Owner = { name: `${name}#${++this.#births}`, alive: true, pausedUntil: 0, clockOffsetMs: 0 };
    this.#running.set(name, owner);
    this.#world.tell(`${owner.name} starts`);
    const end = (error?: Error) => this.#ended(name, owner, error);
    const { scheduler } = this.#world;
    scheduler.after(0, owner, () => {
      if (name.startsWith('engine')) this.#startEngine(owner, end);
      else if (name.startsWith('writer')) this.#startWriter(owner, end);
      else this.#startApi(name, owner);
    });
  }

  /** As `kill -9`. */
  kill(name: ProcessName): void {
    const owner = this.#running.get(name);
    if (owner === undefined) return;
    this.#world.tell(`${owner.name} is killed`);
    this.#end(name, owner);
  }

  /** Kills it, and starts it no more. */
  dismiss(name: ProcessName): void {
    this.#wanted.delete(name);
    this.kill(name);
  }

  #ended(name: ProcessName, owner: Owner, error: Error | undefined): never {
    this.#world.tell(`${owner.name} ends: ${error?.message}`);
    const isFine = error instanceof FencedError || MAY_END.test(error?.message ?? '');
    if (!isFine) this.#world.violate(`${name} has ended: ${error?.stack ?? error?.message}`);
    this.#end(name, owner);
    this.#world.scheduler.after(RESTART_MS, undefined, () => {
      if (this.#wanted.has(name)) this.start(name);
    });
    throw new Ended();
  }

  #end(name: ProcessName, owner: Owner): void {
    if (this.#running.get(name) === owner) this.#running.delete(name);
    owner.alive = false;
    this.#apis.get(name)?.gateway.end();
    this.#apis.delete(name);
    for (const links of [this.#world.links, this.#world.postgresLinks]) {
      for (const link of links.get(owner) ?? []) link.hangUp();
      links.delete(owner);
    }
  }

  #startEngine(owner: Owner, end: (error?: Error) => never): void {
    const { keys } = this.#world;
    const log = this.#world.logger(owner);
    const redis = simulatedRedis(this.#world, owner);
    const commandLog = new CommandLog(redis, keys, log, this.#plan.batchEntries);
    const engine = new Engine(
      { keys, log, commandLog, pool: this.#pool(owner, 1) },
      { instance: owner.name, leaseMs: LEASE_MS, journalLimitBytes: this.#journalLimitBytes },
    );
    engine
      .run(end)
      .then(() => end(), end)
      .catch(ignoreEnd);
  }

  #startWriter(owner: Owner, end: (error?: Error) => never): void {
    const { keys } = this.#world;
    const redis = connectPatiently(simulatedRedis(this.#world, owner));
    const stop = new AbortController();
    const journalLimitBytes = this.#journalLimitBytes;
    const connections = { pool: this.#pool(owner, 1), redis, keys, journalLimitBytes };
    const patience = new Patience(this.#world.logger(owner), stop.signal);
    new Writer(connections, patience, stop.signal)
      .run()
      .then(() => end(), end)
      .catch(ignoreEnd);
  }

  #startApi(name: ProcessName, owner: Owner): void {
    const { keys } = this.#world;
    const log = this.#world.logger(owner);
    const redis = simulatedRedis(this.#world, owner);
    const clock = () => this.#stamp();
    const engine = new EngineClient({ redis, keys, instance: owner.name, log, clock });
    const database = new Database(this.#pool(owner, 10), log);
    const catalog = new Catalog();
    const marketData = new MarketData({
      engine,
      catalog,
      readTrades: storedTrades(database),
      readCandles: storedCandles(database),
    });
    const reports = new ReportLog({ feed: engine.feed, redis, key: keys.reports, log });
    const entrance = new Entrance(log);
    const gateway = new SimulatedApp(this.#world.network, owner);
    const listen = () => {
      if (!marketData.isLoaded || !reports.isCurrent) setTimeout(listen, RETRY_MS);
      else attachGateway(gateway.app, { entrance, engine, marketData, catalog, reports, tokens });
    };
    engine.start();
    listen();
    this.#apis.set(name, { engine, catalog, marketData, gateway });
  }

  get #journalLimitBytes(): number {
    return this.#plan.isJournalSmall ? SMALL_JOURNAL_BYTES : LARGE_JOURNAL_BYTES;
  }

  #pool(owner: Owner, most: number) {
    const { network, postgres, postgresLinks } = this.#world;
    return simulatedPool({ network, postgres, links: postgresLinks }, owner, most);
  }

  /** The wall clock, and never twice the same. */
  #stamp(): number {
    let time = wallClock();
    while (this.#deadlines.has(time)) time++;
    this.#deadlines.add(time);
    this.#lastStamp = time;
    return time;
  }
}

/** What `process.exit` does to the code that called it. */
class Ended extends Error {
  override message = 'ended';
}

function ignoreEnd(error: unknown): void {
  if (!(error instanceof Ended)) throw error;
}
