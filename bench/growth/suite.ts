/**
 * Suite `growth`: what a large state costs. Two exchanges of the same code on servers of their own, one with a million
 * orders resting, the other, its floor, empty, get the same orders over HTTP in turn, by 1,000 accounts in 4 markets.
 */
import { generate } from '../../scripts/generating/generate.js';
import { settle } from '../http/stored.js';
import { openAccounts } from '../load/accounts.js';
import { type Load, runLoad } from '../load/generators.js';
import type { Traders } from '../load/requests.js';
import { durabilityLines } from '../measuring/durability.js';
import { type BenchExchange, startExchange } from '../measuring/exchange.js';
import { Latencies } from '../measuring/latencies.js';
import { tell } from '../measuring/progress.js';
import { inTurn, ofTurns, type Turns } from '../measuring/rounds.js';
import { atMost, curveOf, type Figures, percentilesOf, type Report, withFloor } from '../measuring/rows.js';

/** The load's own market is the hundredth. */
const LARGE = {
  accounts: 100_000,
  markets: 99,
  open: 1_000_000,
  ended: 0,
  journal: 0,
  batch: 512,
  seed: 1,
};
const ROUNDS = 5;
const SECONDS = 1;
const WARM_UP_SECONDS = 0.5;
/** Until everything is compiled. */
const FIRST: Size = { connections: 16, seconds: 4 };

/** Latencies, of each generator's requests. */
type Encoded = readonly string[];
type Size = Pick<Load, 'connections' | 'perSecond' | 'seconds'>;

const LOADS: Readonly<Record<string, Omit<Size, 'seconds'>>> = {
  '1 connection': { connections: 1 },
  '2,000 a second': { connections: 64, perSecond: 2_000 },
};

/** @param seconds of each turn */
export async function reportGrowth(seconds = SECONDS): Promise<Report> {
  tell('growth: a large state is made');
  const large = await OpenedExchange.start(target => generate(target, LARGE));
  const empty = await OpenedExchange.start(async () => {});
  await inTurn(1, { measured: () => large.load(FIRST), floor: () => empty.load(FIRST) });
  const rows: Figures[] = [];
  for (const [name, load] of Object.entries(LOADS)) {
    tell(`growth: ${name}`);
    const size = { ...load, seconds };
    const turns = await inTurn(ROUNDS, { measured: () => large.load(size), floor: () => empty.load(size) });
    rows.push(...rowsOf(name, turns));
  }
  return { rows, lines: await durabilityLines(large.exchange) };
}

class OpenedExchange {
  private constructor(
    readonly exchange: BenchExchange,
    readonly traders: readonly Traders[],
  ) {}

  static async start(fill: Parameters<typeof startExchange>[0]): Promise<OpenedExchange> {
    const exchange = await startExchange(fill);
    return new OpenedExchange(exchange, await openAccounts(exchange));
  }

  /** Returns when the db-writer has caught up, so that nothing is left of it for the other one's turn. */
  async load(size: Size): Promise<Encoded> {
    const { host, port } = this.exchange;
    const address = { host, port };
    const { latencies } = await runLoad({
      address,
      traders: this.traders,
      warmUpSeconds: WARM_UP_SECONDS,
      ...size,
    });
    await settle(this.exchange);
    return latencies;
  }
}

function rowsOf(name: string, turns: Turns<Encoded>): Figures[] {
  const [latencies, floorLatencies] = [turns.measured, turns.floor].map(all => Latencies.merged(all.flat()));
  const at = (percentile: number) => {
    const figures = withFloor(ofTurns(turns, turn => Latencies.merged(turn).at(percentile) / 1e6));
    const goal = { what: `ratio of p${percentile}`, ...atMost(figures.ratio, 1.3, 1.1) };
    return { unit: 'ms', ...figures, goal };
  };
  const curves = { curve: curveOf(latencies!), floorCurve: curveOf(floorLatencies!) };
  return [
    { case: name, ...at(50), ...percentilesOf(latencies!), ...curves },
    { case: `${name}, p99`, ...at(99) },
  ];
}
