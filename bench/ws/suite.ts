/**
 * Suite `ws`: the trades of a market to 1,000 and 10,000 sockets, of which one is stuck, while orders come. As fast as it
 * goes, and at 200,000 deliveries a second, for the delay. The floor publishes a constant by the library's own means, for
 * the same requests.
 */
import { type Floor, startFloor } from '../http/floor.js';
import { openAccounts } from '../load/accounts.js';
import type { Address } from '../load/connection.js';
import { limitNote, type Outcome, runLoad } from '../load/generators.js';
import { MARKETS } from '../load/order-cycles.js';
import type { Traders } from '../load/requests.js';
import { durabilityLines } from '../measuring/durability.js';
import { type BenchExchange, startExchange } from '../measuring/exchange.js';
import { residentOf } from '../measuring/processes.js';
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
import { percent, whole } from '../measuring/text.js';
import { Crowd, type Received } from './crowd.js';

const SOCKETS = [1_000, 10_000];
/** For which the goals are. */
const MOST_SOCKETS = 10_000;
const ROUNDS = 2;
const SECONDS = 2;
const FIRST_SECONDS = 3;
const CONNECTIONS = 4;
const DELIVERIES_PER_SECOND = 200_000;
/** Of a cycle's requests, each of which is a message. */
const TRADES = 0.35;

const [{ market: MARKET }] = MARKETS as [(typeof MARKETS)[number]];
const STREAM = `${MARKET.toLowerCase()}@trade`;

interface Turn extends Received {
  outcome: Outcome;
}

/** @param seconds of each measurement, instead of the suite's own */
export async function reportWs(seconds = SECONDS): Promise<Report> {
  tell('ws: an exchange is started');
  const exchange = await startExchange();
  const traders = (await openAccounts(exchange)).filter(({ pair }) => pair.market.market === MARKET);
  const first = { connections: CONNECTIONS, warmUpSeconds: 0, seconds: FIRST_SECONDS };
  const { samples } = await runLoad({ address: addressOf(exchange), traders, ...first });
  const floor = await startFloor(samples);
  const rows: Figures[] = [];
  for (const sockets of SOCKETS)
    rows.push(...(await measure({ exchange, floor, traders, seconds, sockets })));
  return { rows, lines: await durabilityLines(exchange) };
}

interface Case {
  exchange: BenchExchange;
  floor: Floor;
  traders: readonly Traders[];
  seconds: number;
  sockets: number;
}

async function measure({ exchange, floor, traders, seconds, sockets }: Case): Promise<Figures[]> {
  tell(`ws: ${whole(sockets)} sockets subscribe`);
  const [floorCrowd, floorKilobytes] = await gather(floor, floor.pid, sockets);
  const [crowd, kilobytes] = await gather(exchange, exchange.pid('api'), sockets);
  const turnsOf = (rounds: number, perSecond?: number) => {
    const load = {
      traders,
      connections: CONNECTIONS,
      warmUpSeconds: 0,
      seconds,
      ...(perSecond && { perSecond }),
    };
    const turn = (readers: Crowd, address: Address) => receive(readers, () => runLoad({ address, ...load }));
    return inTurn(rounds, {
      measured: () => turn(crowd, addressOf(exchange)),
      floor: () => turn(floorCrowd, addressOf(floor)),
    });
  };
  tell(`ws: ${whole(sockets)} sockets, as fast as it goes`);
  const fast = await turnsOf(ROUNDS);
  tell(`ws: ${whole(sockets)} sockets, ${whole(DELIVERIES_PER_SECOND)} deliveries a second`);
  const steady = await turnsOf(1, DELIVERIES_PER_SECOND / sockets / TRADES);
  await Promise.all([crowd.leave(), floorCrowd.leave()]);
  return [
    fastRow(sockets, fast),
    steadyRow(sockets, steady),
    {
      case: `memory of the api, ${whole(sockets)} sockets`,
      unit: 'KB a socket',
      ...withFloor({ measured: [kilobytes], floor: [floorKilobytes] }),
    },
  ];
}

/** Gives the kilobytes of the server, too, that each socket has taken. */
async function gather(
  address: Address,
  server: number,
  sockets: number,
): Promise<[crowd: Crowd, kilobytes: number]> {
  const before = residentOf(server);
  const crowd = await Crowd.gather(address, sockets, STREAM);
  return [crowd, (1024 * (residentOf(server) - before)) / sockets];
}

async function receive(readers: Crowd, load: () => Promise<Outcome>): Promise<Turn> {
  let outcome: Outcome | undefined;
  const received = await readers.during(async () => {
    outcome = await load();
  });
  return { ...received, outcome: outcome! };
}

function fastRow(sockets: number, turns: Turns<Turn>): Figures {
  const figures = withFloor(ofTurns(turns, ({ deliveriesPerSecond }) => deliveriesPerSecond));
  return {
    case: `${whole(sockets)} sockets, as fast as it goes`,
    unit: 'deliveries/s',
    ...figures,
    ...(sockets === MOST_SOCKETS && { goal: { what: 'ratio', ...atLeast(figures.ratio, 0.8) } }),
    notes: [...turns.measured.map(turn => completeness(sockets, turn)), ...limits(turns)],
  };
}

function steadyRow(sockets: number, turns: Turns<Turn>): Figures {
  const [measured] = turns.measured as [Turn];
  const delays = percentilesOf(measured.delays);
  return {
    case: `${whole(sockets)} sockets, ${whole(DELIVERIES_PER_SECOND)} a second offered; delay`,
    unit: 'deliveries/s',
    ...withFloor(ofTurns(turns, ({ deliveriesPerSecond }) => deliveriesPerSecond)),
    ...delays,
    curve: curveOf(measured.delays),
    ...(sockets === MOST_SOCKETS && { goal: { what: 'p99', ...atMost(delays.p99, 50) } }),
    notes: [
      "delay: from the engine's time of the batch, before its commit, to the receipt; by the millisecond",
      completeness(sockets, measured),
      ...limits(turns),
    ],
  };
}

function completeness(sockets: number, { deliveries, outcome }: Turn): string {
  const readers = sockets - 1;
  return `${whole(outcome.acts.TRADE)} trades, of which ${percent(deliveries, outcome.acts.TRADE * readers, 2)} came to the readers by the end`;
}

function limits({ measured, floor }: Turns<Turn>): string[] {
  return [...limitNote('the readers were', measured), ...limitNote('floor: the readers were', floor)];
}

function addressOf({ host, port }: Address): Address {
  return { host, port };
}
