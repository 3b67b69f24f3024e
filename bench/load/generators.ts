/** Load from processes of their own, and what became of it. */
import { fileURLToPath } from 'node:url';
import { Latencies } from '../measuring/latencies.js';
import { startChild } from '../measuring/processes.js';
import { percent, whole } from '../measuring/text.js';
import type { Address } from './connection.js';
import type { LoadTask } from './generator.js';
import type { Act } from './order-cycles.js';
import type { Traders } from './requests.js';
import type { Acts, Measured } from './tally.js';

export interface Load {
  address: Address;
  connections: number;
  /** Shared out among the connections. */
  traders: readonly Traders[];
  warmUpSeconds: number;
  seconds: number;
  /** Requests a second that are due, of an open loop. */
  perSecond?: number;
}

export interface Outcome {
  perSecond: number;
  /** Encoded. */
  latencies: string[];
  lateness: Latencies;
  leftOver: number;
  acts: Acts;
  /** Answers other than expected, a trifle: what they were about may have happened or not. */
  unexpected: Measured['unexpected'];
  samples: Partial<Record<Act, string>>;
  /** Of a core, by the generator that took most. */
  busiest: number;
  /** Of a core, by all generators. */
  generatorCpu: number;
}

const GENERATOR = fileURLToPath(new URL('generator.js', import.meta.url));
/** More would take cores from the exchange where there are only two. */
const MOST_GENERATORS = 2;
/** From here on more load than a generator can make was asked of it. */
const BUSY = 0.9;
/** Of a second's requests: what one pause leaves behind. */
const TOLERATED_LEFT_OVER = 0.01;
/** Answers other than expected, of all: beyond that a bench measures something else than it says. */
const MOST_UNEXPECTED = 0.001;

let loads = 0;

/** Throws where the exchange refused more than a trifle. */
export async function runLoad(load: Load): Promise<Outcome> {
  const generators = Math.min(MOST_GENERATORS, load.connections);
  const name = String(++loads);
  const parts = await Promise.all(
    Array.from({ length: generators }, (_, index) => generate(taskOf(load, name, index, generators))),
  );
  assertExpected(parts);
  const sum = (figure: (part: Measured) => number) => parts.reduce((total, part) => total + figure(part), 0);
  return {
    perSecond: sum(({ answered, seconds }) => answered / seconds),
    latencies: parts.map(({ latencies }) => latencies),
    lateness: Latencies.merged(parts.map(({ lateness }) => lateness)),
    leftOver: sum(({ leftOver }) => leftOver),
    acts: sumOfActs(parts.map(({ acts }) => acts)),
    unexpected: parts.flatMap(part => part.unexpected),
    samples: parts[0]!.samples,
    busiest: Math.max(...parts.map(({ ownCpu }) => ownCpu)),
    generatorCpu: sum(({ ownCpu }) => ownCpu),
  };
}

export function sumOfActs(all: readonly Acts[]): Acts {
  const sum = (act: Act) => all.reduce((total, acts) => total + acts[act], 0);
  return { REST: sum('REST'), TRADE: sum('TRADE'), CANCEL: sum('CANCEL') };
}

/** Empty where the rate was held. @param leftOver requests that still waited for a connection at the end */
export function notHeldNote(leftOver: number, perSecond: number): string[] {
  if (leftOver <= TOLERATED_LEFT_OVER * perSecond) return [];
  return [`NOT HELD: ${whole(leftOver)} requests still waited for a free connection at the end`];
}

export function countOf(unexpected: Measured['unexpected']): number {
  return unexpected.reduce((sum, [, times]) => sum + times, 0);
}

/** Empty where they had time to spare. @param who with its verb */
export function limitNote(who: string, turns: readonly { busiest: number }[]): string[] {
  const busiest = Math.max(...turns.map(({ busiest }) => busiest));
  return busiest < BUSY ? [] : [`${who} the limit (${percent(busiest, 1, 0)} of a core)`];
}

function taskOf(load: Load, name: string, index: number, generators: number): LoadTask {
  const { address, connections, traders, warmUpSeconds, seconds, perSecond } = load;
  const mine = Array.from({ length: connections }, (_, connection) =>
    traders.filter((_, place) => place % connections === connection),
  ).filter((_, connection) => connection % generators === index);
  const rate = perSecond === undefined ? {} : { rate: { perSecond, place: index, of: generators } };
  return { address, load: name, traders: mine, warmUpSeconds, seconds, ...rate };
}

function generate(task: LoadTask): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = startChild(GENERATOR, []);
    child.once('message', measured => resolve(measured as Measured));
    child.once('exit', code => reject(new Error(`a process that makes load ended with ${code}`)));
    child.send(task);
  });
}

function assertExpected(parts: readonly Measured[]): void {
  const { REST, TRADE, CANCEL } = sumOfActs(parts.map(({ acts }) => acts));
  const unexpected = parts.flatMap(part => part.unexpected);
  const count = countOf(unexpected);
  if (count <= MOST_UNEXPECTED * (REST + TRADE + CANCEL)) return;
  const lines = unexpected.map(([body, times]) => `${times} times ${body}`);
  throw new Error(
    `of ${REST + TRADE + CANCEL + count} requests these were not answered as they should:\n${lines.join('\n')}`,
  );
}
