/**
 * Suite `http`: signed-in order entry from the socket to the disk and back, by 1,000 accounts in 4 markets, with the
 * db-writer beside it. Closed loops for throughput, open loops for latency. The floor answers the same bytes to the same
 * requests and does nothing else.
 */
import { openAccounts } from '../load/accounts.js';
import { type Load, limitNote, type Outcome, runLoad, sumOfActs } from '../load/generators.js';
import type { Traders } from '../load/requests.js';
import type { Acts } from '../load/tally.js';
import { durabilityLines } from '../measuring/durability.js';
import { type BenchExchange, startExchange } from '../measuring/exchange.js';
import { Latencies } from '../measuring/latencies.js';
import { tell } from '../measuring/progress.js';
import { inTurn } from '../measuring/rounds.js';
import { atLeast, atMost, type Figures, percentilesOf, type Report, withFloor } from '../measuring/rows.js';
import { median, whole } from '../measuring/text.js';
import { type Floor, startFloor } from './floor.js';
import { assertStored, type Lag, settle } from './stored.js';

const ROUNDS = 3;
const SECONDS = 2;
const WARM_UP_SECONDS = 0.5;

const OPEN_CONNECTIONS = 256;
const OPEN_ROUNDS = 1;
const OPEN_SECONDS = 4;

/** Of a second's requests: what one pause leaves behind. */
const TOLERATED_LEFT_OVER = 0.01;

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
  try {
    const lines = await durabilityLines(exchange);
    const bench = await HttpBench.start(exchange);
    const rows: Figures[] = [];
    for (const { connections, goal } of CLOSED)
      rows.push(
        await bench.row(`${connections} connections`, { connections, seconds: seconds ?? SECONDS }, goal),
      );
    for (const { perSecond, goal } of OPEN) {
      const load = { connections: OPEN_CONNECTIONS, seconds: seconds ?? OPEN_SECONDS, perSecond };
      rows.push(await bench.row(`open loop, ${whole(perSecond)} a second`, load, goal));
    }
    return { rows, lines: [...lines, await bench.end()] };
  } finally {
    await exchange.stop();
  }
}

type Size = Pick<Load, 'connections' | 'seconds' | 'perSecond'>;

interface Turn extends Outcome {
  lag: Lag;
}

class HttpBench {
  readonly #exchange: BenchExchange;
  readonly #traders: readonly Traders[];
  readonly #floor: Floor;
  readonly #acts: Acts[];
  #unexpected: number;

  private constructor(exchange: BenchExchange, traders: readonly Traders[], floor: Floor, first: Outcome) {
    this.#exchange = exchange;
    this.#traders = traders;
    this.#floor = floor;
    this.#acts = [first.acts];
    this.#unexpected = first.unexpected;
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
    const { measured, floor } = await inTurn<Turn>(size.perSecond === undefined ? ROUNDS : OPEN_ROUNDS, {
      measured: () => this.#measured(size),
      floor: () => this.#onFloor(size),
    });
    const lag = measured.at(-1)!.lag;
    const figures: Figures = {
      case: name,
      unit: 'requests/s',
      ...withFloor(rateOf(measured), rateOf(floor)),
      ...percentilesOf(latenciesOf(measured)),
      notes: notesOf(measured, floor, size),
    };
    return { ...figures, goal: goal(figures, lag) };
  }

  /** Says what was stored. */
  async end(): Promise<string> {
    await this.#floor.stop();
    return assertStored(this.#exchange, sumOfActs(this.#acts), this.#unexpected);
  }

  /** Returns when the db-writer has caught up, so that no figure pays for the one before it. */
  async #measured(size: Size): Promise<Turn> {
    const outcome = await runLoad(this.#load(this.#exchange, size));
    this.#acts.push(outcome.acts);
    this.#unexpected += outcome.unexpected;
    return { ...outcome, lag: await settle(this.#exchange) };
  }

  async #onFloor(size: Size): Promise<Turn> {
    const outcome = await runLoad(this.#load(this.#floor.address, size));
    return { ...outcome, lag: { commands: 0, seconds: 0 } };
  }

  #load({ host, port }: Load['address'], size: Size): Load {
    return { address: { host, port }, traders: this.#traders, warmUpSeconds: WARM_UP_SECONDS, ...size };
  }
}

function rateOf(turns: readonly Turn[]): number {
  return median(turns.map(({ perSecond }) => perSecond));
}

function latenciesOf(turns: readonly Turn[]): Latencies {
  return Latencies.merged(turns.flatMap(({ latencies }) => latencies));
}

/** What waits is at most what a second brings. */
function keepsUp(perSecond: number, { commands }: Lag): boolean {
  return commands <= perSecond;
}

function notesOf(measured: readonly Turn[], floor: readonly Turn[], { perSecond = 0 }: Size): string[] {
  const { lag, lateness, leftOver } = measured.at(-1)!;
  const { p50, p99 } = percentilesOf(latenciesOf(floor));
  const late = percentilesOf(lateness);
  return [
    `floor p50 ${p50} p99 ${p99} ms; db-writer ${whole(lag.commands)} commands behind at the end, ` +
      `caught up in ${lag.seconds.toFixed(1)} s`,
    ...(leftOver > TOLERATED_LEFT_OVER * perSecond
      ? [`NOT HELD: ${whole(leftOver)} requests still waited for a connection`]
      : []),
    ...(lateness.count > 0 ? [`sent late by the generator itself: p50 ${late.p50} p99 ${late.p99} ms`] : []),
    ...limitNote(measured),
    ...limitNote(floor).map(note => `floor: ${note}`),
  ];
}
