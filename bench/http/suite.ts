/**
 * Suite `http`: signed-in order entry from the socket to the disk and back, by 1,000 accounts in 4 markets, with the
 * db-writer beside it. Closed loops for throughput, open loops for latency. The floor answers the same bytes to the same
 * requests and does nothing else.
 */
import { openAccounts } from '../load/accounts.js';
import type { Address } from '../load/connection.js';
import {
  countOf,
  type Load,
  limitNote,
  notHeldNote,
  type Outcome,
  runLoad,
  sumOfActs,
} from '../load/generators.js';
import type { Traders } from '../load/requests.js';
import type { Acts } from '../load/tally.js';
import { durabilityLines } from '../measuring/durability.js';
import { type BenchExchange, startExchange } from '../measuring/exchange.js';
import { Latencies } from '../measuring/latencies.js';
import { tell } from '../measuring/progress.js';
import { inTurn, ofTurns, type Turns } from '../measuring/rounds.js';
import {
  atLeast,
  atMost,
  curveOf,
  type Figures,
  percentilesOf,
  type Report,
  withFloor,
} from '../measuring/rows.js';
import { median, whole } from '../measuring/text.js';
import { startFloor } from './floor.js';
import { assertStored, type Lag, settle } from './stored.js';

const ROUNDS = 3;
const SECONDS = 1.5;
const WARM_UP_SECONDS = 0.5;

const OPEN_CONNECTIONS = 256;
const OPEN_ROUNDS = 2;
const OPEN_SECONDS = 2;

/** Until everything is compiled. */
const FIRST_SECONDS = 4;
const FIRST_CONNECTIONS = 16;

type Goal = (figures: Figures, lag: Lag) => Figures['goal'];

const CLOSED: { connections: number; goal?: Goal }[] = [
  { connections: 1, goal: ({ p50 }) => ({ ...atMost(p50!, 0.6, 0.45), what: 'p50' }) },
  { connections: 16 },
  {
    connections: 64,
    goal: ({ value }, lag) => {
      const goal = atLeast(value, 15_000, 25_000);
      return { ...goal, what: 'with a writer that keeps up', met: goal.met && keepsUp(value, lag) };
    },
  },
  { connections: 256, goal: ({ ratio }) => ({ ...atLeast(ratio!, 0.4, 0.5), what: 'ratio' }) },
];

const OPEN: { perSecond: number; goal?: Goal }[] = [
  { perSecond: 1_000 },
  { perSecond: 5_000 },
  { perSecond: 20_000, goal: ({ p99 }) => ({ ...atMost(p99!, 10, 5), what: 'p99' }) },
  { perSecond: 40_000 },
];

/** @param seconds of each measurement, instead of the suite's own */
export async function reportHttp(seconds?: number): Promise<Report> {
  tell('http: an exchange is started');
  const exchange = await startExchange();
  const lines = await durabilityLines(exchange);
  const bench = await HttpBench.start(exchange);
  const rows: Figures[] = [];
  for (const { connections, goal } of CLOSED)
    rows.push(
      await bench.row(
        connections === 1 ? '1 connection' : `${connections} connections`,
        { connections, seconds: seconds ?? SECONDS },
        goal,
      ),
    );
  for (const { perSecond, goal } of OPEN) {
    const load = { connections: OPEN_CONNECTIONS, seconds: seconds ?? OPEN_SECONDS, perSecond };
    rows.push(await bench.row(`open loop, ${whole(perSecond)} a second`, load, goal));
  }
  return { rows, lines: [...lines, await bench.stored()] };
}

type Size = Pick<Load, 'connections' | 'seconds' | 'perSecond'>;

interface Turn extends Outcome {
  lag: Lag;
}

class HttpBench {
  readonly #exchange: BenchExchange;
  readonly #traders: readonly Traders[];
  readonly #floor: Address;
  readonly #acts: Acts[];
  #unexpected: number;

  private constructor(exchange: BenchExchange, traders: readonly Traders[], floor: Address, first: Outcome) {
    this.#exchange = exchange;
    this.#traders = traders;
    this.#floor = floor;
    this.#acts = [first.acts];
    this.#unexpected = countOf(first.unexpected);
  }

  /** Opens the accounts, and learns from a first load what the exchange answers. */
  static async start(exchange: BenchExchange): Promise<HttpBench> {
    tell('http: accounts are opened');
    const traders = await openAccounts(exchange);
    const first = { connections: FIRST_CONNECTIONS, warmUpSeconds: 0, seconds: FIRST_SECONDS };
    const outcome = await runLoad({ address: exchange, traders, ...first });
    return new HttpBench(exchange, traders, await startFloor(outcome.samples), outcome);
  }

  async row(name: string, size: Size, goal: Goal = () => undefined): Promise<Figures> {
    tell(`http: ${name}`);
    const turns = await inTurn<Turn>(size.perSecond === undefined ? ROUNDS : OPEN_ROUNDS, {
      measured: () => this.#measured(size),
      floor: () => this.#onFloor(size),
    });
    const [latencies, floorLatencies] = [latenciesOf(turns.measured), latenciesOf(turns.floor)];
    const figures: Figures = {
      case: name,
      unit: 'requests/s',
      ...withFloor(ofTurns(turns, ({ perSecond }) => perSecond)),
      ...percentilesOf(latencies),
      ...(size.perSecond && { curve: curveOf(latencies), floorCurve: curveOf(floorLatencies) }),
      notes: notesOf(turns, size),
    };
    return { ...figures, goal: goal(figures, turns.measured.at(-1)!.lag) };
  }

  stored(): Promise<string> {
    return assertStored(this.#exchange, sumOfActs(this.#acts), this.#unexpected);
  }

  /** Returns when the db-writer has caught up, so that no figure pays for the one before it. */
  async #measured(size: Size): Promise<Turn> {
    const outcome = await runLoad(this.#load(this.#exchange, size));
    this.#acts.push(outcome.acts);
    this.#unexpected += countOf(outcome.unexpected);
    return { ...outcome, lag: await settle(this.#exchange) };
  }

  async #onFloor(size: Size): Promise<Turn> {
    const outcome = await runLoad(this.#load(this.#floor, size));
    return { ...outcome, lag: { commands: 0, seconds: 0 } };
  }

  #load({ host, port }: Address, size: Size): Load {
    return { address: { host, port }, traders: this.#traders, warmUpSeconds: WARM_UP_SECONDS, ...size };
  }
}

function latenciesOf(turns: readonly Turn[]): Latencies {
  return Latencies.merged(turns.flatMap(({ latencies }) => latencies));
}

function coresOf(turns: readonly Turn[]): string {
  return median(turns.map(({ generatorCpu }) => generatorCpu)).toFixed(1);
}

/** What waits is at most what a second brings. */
function keepsUp(perSecond: number, { commands }: Lag): boolean {
  return commands <= perSecond;
}

function notesOf({ measured, floor }: Turns<Turn>, { perSecond = 0 }: Size): string[] {
  const { lag, lateness, leftOver } = measured.at(-1)!;
  const { p50, p99 } = percentilesOf(latenciesOf(floor));
  const late = percentilesOf(lateness);
  return [
    `floor p50 ${p50} p99 ${p99} ms; db-writer ${whole(lag.commands)} commands behind at the end, ` +
      `caught up in ${lag.seconds.toFixed(1)} s`,
    `of the cores, which they share with the exchange, the load generators took ${coresOf(measured)}, on the floor ${coresOf(floor)}`,
    ...notHeldNote(leftOver, perSecond),
    ...(lateness.count > 0 ? [`sent late by the generator itself: p50 ${late.p50} p99 ${late.p99} ms`] : []),
    ...measured
      .flatMap(({ unexpected }) => unexpected)
      .map(([body, times]) => `${times} times answered otherwise: ${body}`),
    ...limitNote('the load generator was', measured),
    ...limitNote('floor: the load generator was', floor),
  ];
}
