/**
 * The faults: which, when, and how they are done to a running exchange.
 *
 * Guarantees: the same random numbers give the same schedule. There are at least twelve faults a minute: every round of
 * two strikes takes at most ten seconds. Every kind comes once before any comes again. One of a round's two pauses is
 * too short for most recoveries, the other long enough for most.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.js';
import { sendSignal } from '../running/program.js';
import { APIS, type ChaosExchange, DB_WRITERS, ENGINES, type ProgramName } from './exchange.js';
import { familyOf, isStopped } from './processes.js';

const TARGETS = ['leader', 'standby', 'api', 'db-writer', 'redis', 'postgres'] as const;
const ACTIONS = ['kill', 'pause', 'restart'] as const;

export interface Fault {
  readonly target: (typeof TARGETS)[number];
  readonly action: (typeof ACTIONS)[number];
  /** Of programs that are alike: which one. Of the ways to restart: which way. */
  readonly pick: 0 | 1;
  /** How long a pause takes. */
  readonly pauseMs: number;
}

/** What is done at one moment. */
export interface Strike {
  /** After the strike before it. */
  readonly delayMs: number;
  readonly faults: readonly Fault[];
}

/** In milliseconds, from and below. */
const SHORT_DELAY = [200, 2000] as const;
const LONG_DELAY = [3000, 8000] as const;
const SHORT_PAUSE = [50, 800] as const;
const LONG_PAUSE = [800, 4000] as const;
const DOUBLE_STRIKES = 4;

/** How a server is asked to stop: Postgres in its fast way, or at once, leaving recovery to its next start. */
const RESTART_SIGNALS: { readonly [P in ProgramName]?: readonly [NodeJS.Signals, NodeJS.Signals] } = {
  postgres: ['SIGINT', 'SIGQUIT'],
};

export function kindOf({ action, target }: Fault): string {
  return `${action} ${target}`;
}

/** Without end. */
export function* schedule(random: Random): Generator<Strike, never> {
  const faults = dealt(random);
  for (;;) {
    const delays = [within(random, SHORT_DELAY), within(random, LONG_DELAY)];
    if (random.oneIn(2)) delays.reverse();
    for (const delayMs of delays) {
      const strike = [faults.next().value];
      if (random.oneIn(DOUBLE_STRIKES)) strike.push(faults.next().value);
      yield { delayMs, faults: strike };
    }
  }
}

/** All kinds in a drawn order, then all of them again in another. */
function* dealt(random: Random): Generator<Fault, never> {
  for (;;) {
    const kinds = TARGETS.flatMap(target => ACTIONS.map(action => ({ target, action })));
    while (kinds.length > 0) {
      const [kind] = kinds.splice(random.below(kinds.length), 1);
      const pauseMs = within(random, random.oneIn(2) ? SHORT_PAUSE : LONG_PAUSE);
      yield { ...kind!, pick: random.oneIn(2) ? 0 : 1, pauseMs };
    }
  }
}

function within(random: Random, [from, below]: readonly [number, number]): number {
  return from + random.below(below - from);
}

/** Does faults to an exchange. */
export class Faults {
  readonly #exchange: ChaosExchange;
  readonly #pauses = new Set<Promise<void>>();

  constructor(exchange: ChaosExchange) {
    this.#exchange = exchange;
  }

  /** Answers what was done, in words; a program that is not running at the moment is left alone. */
  async commit(fault: Fault): Promise<string> {
    const name = await this.#programOf(fault);
    const pid = this.#exchange.pid(name);
    if (pid === undefined) return `${kindOf(fault)}: ${name} is not running`;
    switch (fault.action) {
      case 'kill':
        sendSignal(pid, 'SIGKILL');
        return `${kindOf(fault)}: kill -9 of ${name}`;
      case 'restart': {
        const signal = RESTART_SIGNALS[name]?.[fault.pick] ?? 'SIGTERM';
        sendSignal(pid, signal);
        return `${kindOf(fault)}: ${signal} to ${name}`;
      }
      case 'pause':
        this.#keep(this.#pause(pid, fault.pauseMs));
        return `${kindOf(fault)}: ${name} stands still for ${fault.pauseMs} ms`;
    }
  }

  /** Returns when nothing is paused any more. */
  async over(): Promise<void> {
    await Promise.all(this.#pauses);
  }

  async #programOf({ target, pick }: Fault): Promise<ProgramName> {
    switch (target) {
      case 'leader':
        return this.#exchange.leader();
      case 'standby': {
        const leader = await this.#exchange.leader();
        return ENGINES.find(name => name !== leader)!;
      }
      case 'api':
        return APIS[pick];
      case 'db-writer':
        return DB_WRITERS[pick];
      default:
        return target;
    }
  }

  #keep(pause: Promise<void>): void {
    this.#pauses.add(pause);
    void pause.then(() => this.#pauses.delete(pause));
  }

  /** Of the whole family, each of which is continued even where its parent was killed meanwhile. */
  async #pause(pid: number, pauseMs: number): Promise<void> {
    const family = familyOf(pid);
    for (const member of family) sendSignal(member, 'SIGSTOP');
    await sleep(pauseMs);
    for (const member of family) if (isStopped(member)) sendSignal(member, 'SIGCONT');
  }
}
