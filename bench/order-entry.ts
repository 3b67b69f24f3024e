/**
 * `npm run bench [-- --seconds 60 --connections 128]`: signed-in order entry over HTTP, closed loop: each connection
 * sends its next order when the last one is answered. Half of the orders rest, the other half trade with them. The
 * whole exchange runs beside the load on this machine, everything durable.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from '../scripts/client/client.js';
import { durabilityLines } from './durability.js';
import { type BenchExchange, startExchange } from './exchange.js';
import { Load } from './load.js';
import { openPairs } from './pairs.js';

const WARM_UP_SECONDS = 5;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, connections: { type: 'string', default: '128' } },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);

const exchange = await startExchange();
try {
  for (const line of await durabilityLines(exchange)) console.log(line);
  await run(exchange);
} finally {
  await exchange.stop();
}

async function run(exchange: BenchExchange): Promise<void> {
  const load = new Load(exchange, await openPairs(exchange, connections));
  load.start();
  await delay(WARM_UP_SECONDS * 1000);
  load.measure();
  for (let second = 1; second <= seconds; second++) {
    await delay(1000);
    if (second % 10 === 0) console.log(`${second} s: ${load.answered} orders answered`);
  }
  const measuredSeconds = load.stop();
  const lag = await drainWriter(exchange);
  report(load, measuredSeconds, lag);
}

interface Lag {
  commands: number;
  seconds: number;
}

/** How far the db-writer is behind when the load ends, and how long it takes to catch up. */
async function drainWriter(exchange: BenchExchange): Promise<Lag> {
  const started = performance.now();
  const client = new Client(exchange.address);
  const lag = async () => (await client.call('getReadiness', {})).dbWriter.lag ?? Number.POSITIVE_INFINITY;
  const commands = await lag();
  while ((await lag()) > 0) await delay(10);
  client.close();
  return { commands, seconds: (performance.now() - started) / 1000 };
}

function report(load: Load, measuredSeconds: number, lag: Lag): void {
  console.log(`${connections} connections, closed loop, one machine`);
  for (const line of load.lines(measuredSeconds)) console.log(line);
  console.log(
    `db-writer's lag   ${lag.commands} commands at the end, caught up in ${lag.seconds.toFixed(2)} s`,
  );
}
