/**
 * `npm run bench:overload [-- --usual 256 --factor 10 --pause 0]`: what becomes of accepted orders when ten times as
 * many clients come as usual. All are closed loops; who is refused sends the same order again after the pause (ms).
 * The usual load, the overload, and the usual load again, on an exchange of its own; load is made by processes of
 * their own, on the same machine.
 *
 * Guarantees: the exit code is 0 only when every accepted order is in Postgres exactly once.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exitWith } from '../scripts/running/refusal.js';
import { createPool } from '../shared/io/postgres.js';
import { settle } from './http/stored.js';
import { durabilityLines } from './measuring/durability.js';
import { endingAll } from './measuring/ending.js';
import { type BenchExchange, startExchange } from './measuring/exchange.js';
import { Latencies } from './measuring/latencies.js';
import { machineLine } from './measuring/machine.js';
import { startChild } from './measuring/processes.js';
import type { LoadTask } from './overload/child.js';
import type { Measured } from './overload/load.js';
import { openPairs, type Pair } from './overload/pairs.js';
import { type Watched, watchApi } from './overload/watch.js';

const CHILD = fileURLToPath(new URL('overload/child.js', import.meta.url));
const LOAD_PROCESSES = 2;
const WARM_UP_SECONDS = 5;
const USUAL_SECONDS = 10;
const OVERLOAD_SECONDS = 20;

const { values } = parseArgs({
  options: {
    usual: { type: 'string', default: '256' },
    factor: { type: 'string', default: '10' },
    pause: { type: 'string', default: '0' },
  },
});
const usual = Number(values.usual);
const most = usual * Number(values.factor);
const retryPauseMs = Number(values.pause);

try {
  await endingAll(run);
} catch (error) {
  exitWith(error);
}

async function run(): Promise<void> {
  const exchange = await startExchange();
  console.log([machineLine(), ...(await durabilityLines(exchange))].join('\n'));
  const pairs = await openPairs(exchange, most);
  const phases: [connections: number, seconds: number][] = [
    [usual, USUAL_SECONDS],
    [most, OVERLOAD_SECONDS],
    [usual, USUAL_SECONDS],
  ];
  let accepted = 0;
  let unknown = 0;
  for (const [connections, seconds] of phases) {
    const work = makeLoad(exchange, pairs.slice(0, connections), seconds);
    const [parts, watched] = await watchApi(exchange.address, exchange.pid('api'), work);
    report(connections, parts, watched);
    const outcomes = sum(parts.flatMap(({ all }) => all));
    accepted += outcomes.get('ACCEPTED') ?? 0;
    unknown += outcomes.get('UNKNOWN_OUTCOME') ?? 0;
  }
  const stored = await storedOrders(exchange);
  console.log(`accepted ${accepted}, of unknown outcome ${unknown}, in Postgres ${stored}`);
  if (stored < accepted || stored > accepted + unknown) process.exitCode = 1;
}

function makeLoad(exchange: BenchExchange, pairs: readonly Pair[], seconds: number): Promise<Measured[]> {
  const { host, port } = exchange;
  const times = { warmUpSeconds: WARM_UP_SECONDS, seconds };
  return Promise.all(
    Array.from({ length: LOAD_PROCESSES }, (_, index) => {
      const own = pairs.filter((_, pair) => pair % LOAD_PROCESSES === index);
      return inProcess({ host, port, pairs: own, retryPauseMs, ...times });
    }),
  );
}

function inProcess(task: LoadTask): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = startChild(CHILD, []);
    child.once('message', measured => resolve(measured as Measured));
    child.once('exit', code => reject(new Error(`a process that makes load ended with ${code}`)));
    child.send(task);
  });
}

function report(connections: number, parts: readonly Measured[], watched: Watched): void {
  const rate = (count: number) => Math.round(count / parts[0]!.seconds);
  const accepted = parts.reduce((total, part) => total + part.accepted, 0);
  const latencies = Latencies.merged(parts.map(part => part.latencies));
  const ms = (percentile: number) => (latencies.at(percentile) / 1e6).toFixed(1);
  const refused = Array.from(sum(parts.flatMap(part => part.refused)), ([code, n]) => `${code} ${rate(n)}/s`);
  const { mostMegabytes, endMegabytes, probeP50, probeP99 } = watched;
  console.log(`${connections} connections`);
  console.log(`  accepted  ${rate(accepted)}/s  p50 ${ms(50)}  p99 ${ms(99)}  p99.9 ${ms(99.9)} ms`);
  console.log(`  refused   ${refused.join(', ') || 'nothing'}`);
  console.log(
    `  api       memory ${mostMegabytes} MB at most, ${endMegabytes} MB at the end; ` +
      `GET /time p50 ${probeP50.toFixed(1)}, p99 ${probeP99.toFixed(1)} ms`,
  );
}

function sum(counts: readonly (readonly [string, number])[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const [code, count] of counts) total.set(code, (total.get(code) ?? 0) + count);
  return total;
}

/** Once Postgres has everything. */
async function storedOrders(exchange: BenchExchange): Promise<number> {
  await settle(exchange);
  const pool = createPool(exchange.databaseUrl, exchange.namespace, 1);
  const { rows } = await pool.query<{ orders: bigint }>('SELECT count(*) AS orders FROM orders');
  await pool.end();
  return Number(rows[0]!.orders);
}
