/**
 * One run: a plan is carried out, everything is mended, and when the world has come to rest it is looked at.
 *
 * Guarantees: the same plan gives the same run, event by event.
 */
import { SILENCE_LIMIT_MS } from '../../shared/io/postgres.js';
import { connectPatiently } from '../../shared/io/redis.js';
import { Checks } from './checks.js';
import { type Fault, MARKETS, MENDED_AT_MS, type Plan, type ProcessName, type Reading } from './plan.js';
import { Processes, watchExchanges } from './processes.js';
import { Reader } from './reader.js';
import { simulatedRedis } from './redis-client.js';
import type { Owner } from './scheduler.js';
import { Traders } from './traders.js';
import { install } from './virtual-time.js';
import { World } from './world.js';

export interface Outcome {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  /** What the run has come to. */
  readonly events: number;
  readonly commands: number;
  readonly virtualMs: number;
}

/** However bad it was, a mended exchange serves again within that. */
const MAX_REST_MS = 20_000;
/** And where Postgres says nothing any more, that much later: its clients find out, and it finds out about its clients. */
const MAX_SILENCE_MS = 2 * SILENCE_LIMIT_MS;
const STEP_MS = 50;

let world: World | undefined;

/** Once a thread, before anything of the product runs in it. */
export function prepare(): void {
  install();
  watchExchanges();
  process.on('unhandledRejection', error => {
    if ((error as Error)?.message !== 'ended') world?.violate(`nobody handled: ${(error as Error)?.stack}`);
  });
}

export async function simulate(plan: Plan, isTraced = false): Promise<Outcome> {
  world = new World(plan.seed, isTraced);
  const run = new Run(world, plan);
  try {
    await run.carryOut();
  } catch (error) {
    world.violate(`it cannot go on: ${(error as Error).stack}`);
  }
  const { violations, scheduler, history } = world;
  return {
    violations,
    trace: world.trace ?? [],
    events: scheduler.events,
    commands: history.at(-1)?.last ?? 0,
    virtualMs: scheduler.now,
  };
}

class Run {
  readonly #world: World;
  readonly #plan: Plan;
  readonly #processes: Processes;
  readonly #traders: Traders;
  readonly #readers: readonly Reader[];
  readonly #operator: Owner = { name: 'operator', alive: true, pausedUntil: 0, clockOffsetMs: 0 };

  readonly #effects: { readonly [K in Fault['kind']]: (fault: Fault) => void } = {
    crash: ({ process, forMs }) => this.#crash(process!, forMs!),
    'lost connection': fault => this.#breakLinks(fault),
    silence: fault => this.#breakLinks(fault),
    delay: fault => this.#delay(fault),
    pause: fault => this.#pause(fault),
    'slow writer': fault => this.#pause(fault),
    'the leader sleeps through a take-over': fault => this.#pause(fault),
    'engine started twice': ({ forMs }) => this.#startFor('engine-3', forMs!),
    'writer started twice': ({ forMs }) => this.#startFor('writer-2', forMs!),
    'Redis restarts': ({ forMs }) => this.#restart(this.#world.redis, forMs!),
    'Postgres restarts': ({ forMs }) => this.#restart(this.#world.postgres, forMs!),
    'Redis dies before a flush': ({ forMs }) => {
      this.#world.redis.onUnflushed = () => this.#restart(this.#world.redis, forMs!);
    },
    'Postgres dies in a commit': ({ forMs }) => {
      this.#world.postgres.onCommit = () => this.#restart(this.#world.postgres, forMs!);
    },
    'Redis is full': ({ forMs }) => this.#fill(forMs!),
    'clock jump': fault => this.#jump(fault),
    "Redis' clock jumps": ({ byMs }) => {
      this.#world.redis.clockOffsetMs += byMs!;
    },
    'the journal refuses an entry': () => {
      this.#world.redis.data.refusesEntry = true;
    },
    'rubbish in the list': () => this.#pushRubbish(),
  };

  constructor(world: World, plan: Plan) {
    this.#world = world;
    this.#plan = plan;
    this.#processes = new Processes(world, plan);
    this.#traders = new Traders(world, this.#processes);
    this.#readers = plan.readings.map(
      reading => new Reader(world, reading, () => this.#processes.api(reading.api)?.gateway),
    );
  }

  async carryOut(): Promise<void> {
    const { scheduler } = this.#world;
    for (const name of this.#plan.processes) this.#processes.start(name);
    for (const asked of this.#plan.asked)
      scheduler.after(asked.at, undefined, () => this.#traders.ask(asked));
    for (const fault of this.#plan.faults) scheduler.after(fault.at, undefined, () => this.#happen(fault));
    for (const [index, reading] of this.#plan.readings.entries()) this.#move(this.#readers[index]!, reading);
    await scheduler.runUntil(MENDED_AT_MS);
    this.#mend();
    await this.#rest();
    if (this.#world.violations.length === 0)
      new Checks(this.#world, this.#processes).run({
        memories: this.#traders.memories,
        readers: this.#readers,
        takesAll: !this.#plan.isJournalSmall,
        areClocksTrue: this.#plan.faults.every(({ kind }) => kind !== 'clock jump'),
      });
  }

  #move(reader: Reader, { rests, leavesAt }: Reading): void {
    if (rests !== undefined) {
      this.#later(rests.at, () => reader.rest());
      this.#later(rests.at + rests.forMs, () => reader.readOn());
    }
    if (leavesAt !== undefined) this.#later(leavesAt, () => reader.leave());
  }

  #happen(fault: Fault): void {
    const { at: _at, kind, ...parameters } = fault;
    this.#world.tell(`FAULT ${kind} ${JSON.stringify(parameters)}`);
    this.#effects[kind](fault);
  }

  #later(delayMs: number, run: () => void): void {
    this.#world.scheduler.after(delayMs, undefined, run);
  }

  #ownerOf({ process }: Fault): Owner | undefined {
    return this.#processes.owner(process!);
  }

  #crash(process: ProcessName, forMs: number): void {
    this.#processes.kill(process);
    this.#later(forMs, () => this.#processes.start(process));
  }

  #breakLinks(fault: Fault): void {
    const owner = this.#ownerOf(fault);
    const { links, postgresLinks } = this.#world;
    const ofServer = fault.server === 'redis' ? links : postgresLinks;
    for (const link of (owner && ofServer.get(owner)) ?? []) link.doom = fault.doom;
  }

  #delay(fault: Fault): void {
    const owner = this.#ownerOf(fault);
    if (owner === undefined) return;
    this.#world.delays.set(owner, fault.byMs!);
    this.#later(fault.forMs!, () => this.#world.delays.delete(owner));
  }

  #pause(fault: Fault): void {
    const owner = this.#ownerOf(fault);
    if (owner !== undefined) owner.pausedUntil = this.#world.scheduler.now + fault.forMs!;
  }

  #jump(fault: Fault): void {
    const owner = this.#ownerOf(fault);
    if (owner !== undefined) owner.clockOffsetMs += fault.byMs!;
  }

  #fill(forMs: number): void {
    this.#world.redis.isFull = true;
    this.#later(forMs, () => {
      this.#world.redis.isFull = false;
    });
  }

  #startFor(name: ProcessName, forMs: number): void {
    this.#processes.start(name);
    this.#later(forMs, () => this.#processes.dismiss(name));
  }

  #restart(server: { isUp: boolean; crash(): void; start(): void }, forMs: number): void {
    if (!server.isUp) return;
    server.crash();
    this.#later(forMs, () => {
      this.#world.tell('the server is back');
      server.start();
    });
  }

  #pushRubbish(): void {
    this.#world.scheduler.after(0, this.#operator, () => {
      const redis = connectPatiently(simulatedRedis(this.#world, this.#operator));
      redis.rpush(this.#world.keys.commands, 'rubbish').catch(() => {});
    });
  }

  /** From now on nothing goes wrong any more. */
  #mend(): void {
    this.#world.tell('everything is mended');
    this.#world.redis.isFull = false;
    this.#world.redis.data.refusesEntry = false;
    this.#world.redis.onUnflushed = undefined;
    this.#world.postgres.onCommit = undefined;
    this.#world.delays.clear();
    // Clocks that differ for good by more than a request may take would let every request expire.
    for (const name of this.#processes.names) {
      const owner = this.#processes.owner(name);
      if (owner !== undefined) owner.clockOffsetMs = 0;
    }
    for (const links of [this.#world.links, this.#world.postgresLinks])
      for (const ofOwner of links.values()) for (const link of ofOwner) link.doom = undefined;
  }

  /** Until nobody has anything left to do. */
  async #rest(): Promise<void> {
    const { scheduler } = this.#world;
    const isSilent = this.#plan.faults.some(
      ({ server, doom }) => server === 'postgres' && doom === 'SILENCE',
    );
    const end = scheduler.now + MAX_REST_MS + (isSilent ? MAX_SILENCE_MS : 0);
    for (let quiet = 0; quiet < 3; ) {
      await scheduler.runUntil(scheduler.now + STEP_MS);
      const what = this.#unrest();
      quiet = what === undefined ? quiet + 1 : 0;
      if (scheduler.now > end) throw new Error(`it does not come to rest: ${what}`);
    }
  }

  /** What is not at rest yet. */
  #unrest(): string | undefined {
    const { redis, postgres, history, keys } = this.#world;
    if (!redis.isUp || !postgres.isUp) return 'a server';
    if (redis.data.execute('LLEN', [keys.commands]) !== 0) return 'the list';
    const { last: end, stateHash } = history.at(-1) ?? { last: 0, stateHash: '' };
    if (postgres.tables.get('watermark')!.get('')?.sequence !== String(end)) return 'Postgres';
    if (end === 0) return 'the foundation';
    for (const name of this.#processes.names) {
      if (this.#processes.owner(name) === undefined) return name;
      if (this.#processes.owner(name)!.pausedUntil > this.#world.scheduler.now) return name;
      if (name.startsWith('engine') && !this.#isAt(name, end, stateHash)) return name;
      if (name.startsWith('api') && !this.#processes.api(name)?.engine.connected) return name;
    }
    return this.#unrestOfReaders();
  }

  /** A leader that does not know yet that another one has taken over may be as far, in a state that never came to be. */
  #isAt(name: ProcessName, sequence: number, stateHash: string): boolean {
    const exchange = this.#processes.exchange(name);
    return exchange?.sequence === sequence && exchange.stateHash === stateHash;
  }

  #unrestOfReaders(): string | undefined {
    const truth = this.#processes.exchange(this.#plan.processes[0]!)!;
    for (const reader of this.#readers) {
      const catalog = this.#processes.api(reader.api)!.catalog;
      for (const market of MARKETS) {
        const answer = truth.query({ kind: 'BOOK', body: { market } });
        const scale = catalog.market(market)?.scale;
        if (answer.kind !== 'BOOK' || scale === undefined) return `${reader.name} and ${market}`;
        const difference = reader.differenceFrom(answer.book, scale);
        if (difference !== undefined) return `${reader.name}: ${difference}`;
      }
      const reports = this.#world.reports.get(reader.account)?.length ?? 0;
      const difference = reader.differenceFromSeq(reports);
      if (difference !== undefined) return `${reader.name}: ${difference}`;
    }
    return undefined;
  }
}
