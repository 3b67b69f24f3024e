/**
 * `npm run bench [-- --seconds 60 --connections 128]`: signed-in order entry over HTTP, closed loop: each connection
 * sends its next order when the last one is answered. Half of the orders rest, the other half trade with them. The
 * whole exchange runs beside the load on this machine, everything durable.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createSigner } from 'fast-jwt';
import { Client } from '../scripts/client.js';
import { FIRST_USER } from '../shared/domain/entities.js';
import { httpRequest } from './connection.js';
import { durabilityLines } from './durability.js';
import { type BenchExchange, startExchange } from './exchange.js';
import { Load, type Pair } from './load.js';

const WARM_UP_SECONDS = 5;
const MARKETS = [
  { market: 'BTC_USDT', base: 'BTC', price: '50000', quantity: '0.001' },
  { market: 'ETH_USDT', base: 'ETH', price: '2500', quantity: '0.01' },
  { market: 'ADA_USDT', base: 'ADA', price: '0.4', quantity: '10' },
] as const;

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
  const pairs = await Promise.all(
    Array.from({ length: connections }, (_, index) => openPair(exchange, index)),
  );
  const load = new Load(exchange, pairs);
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

async function openPair(exchange: BenchExchange, index: number): Promise<Pair> {
  const { market, base, price, quantity } = MARKETS[index % MARKETS.length]!;
  const [seller, buyer] = [FIRST_USER + 2 * index + 1, FIRST_USER + 2 * index + 2].map(account =>
    token(exchange, account),
  );
  const client = new Client(exchange.address);
  await client.signedIn(seller!).request('POST', '/api/v1/user/deposit', { asset: base, amount: '10000000' });
  await client
    .signedIn(buyer!)
    .request('POST', '/api/v1/user/deposit', { asset: 'USDT', amount: '100000000' });
  client.close();
  const order = { market, type: 'LIMIT', price, quantity };
  return [
    httpRequest('POST', '/api/v1/order', seller!, { ...order, side: 'SELL' }),
    httpRequest('POST', '/api/v1/order', buyer!, { ...order, side: 'BUY', timeInForce: 'IOC' }),
  ];
}

function token(exchange: BenchExchange, account: number): string {
  const sign = createSigner({ key: exchange.jwtSecret, algorithm: 'HS256', expiresIn: 3_600_000 });
  return sign({ sub: String(account), email: `${account}@bench.test`, role: 'USER' });
}

interface Lag {
  commands: number;
  seconds: number;
}

/** How far the db-writer is behind when the load ends, and how long it takes to catch up. */
async function drainWriter(exchange: BenchExchange): Promise<Lag> {
  const started = performance.now();
  const client = new Client(exchange.address);
  const lag = async () =>
    (await client.request<{ dbWriter: { lag: number } }>('GET', '/health/ready')).dbWriter.lag;
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
