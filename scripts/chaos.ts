/**
 * `npm run chaos [-- --minutes 5 --seed S]`: a whole exchange of its own, whose processes and servers are killed,
 * stopped and restarted all the time, while clients trade on it and remember every answer. At the end what they remember
 * is compared with the API, Postgres and the streams, and the exchange is verified.
 *
 * Guarantees: exits with 0 only where nothing that was acknowledged is lost, nothing happened twice and nothing
 * contradicts; otherwise the exchange's folder is kept. The same seed gives the same faults at the same distances; what
 * they meet is another matter of chance.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Comparison } from './chaos/comparison.js';
import { ChaosExchange } from './chaos/exchange.js';
import { Faults, schedule } from './chaos/faults.js';
import { Report } from './chaos/report.js';
import { Service } from './chaos/service.js';
import { Stored } from './chaos/stored.js';
import { type Depth, StreamReader } from './chaos/streams.js';
import type { Tally } from './chaos/tally.js';
import { Trader } from './chaos/trader.js';
import { fund, MARKETS, trade } from './chaos/trading.js';
import { LARGEST_SEED, Random } from './random.js';
import { exitWith, Refusal } from './running/refusal.js';
import { verifyExchange } from './verification/verify.js';

const TRADERS = 20;
const PROGRESS_INTERVAL_MS = 5000;
/** Later than every deadline of what was sent. */
const QUIET_AFTER_MS = 3000;
const FINAL_ATTEMPTS = 5;
const STREAM_PATIENCE_MS = 5000;
const DEPTH_LIMIT = 5000;

interface Clients {
  readonly traders: readonly Trader[];
  readonly probes: readonly Trader[];
  readonly readers: readonly StreamReader[];
}

/** We end only by ourselves, since the exchange has to be stopped. */
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => interruption.abort(new Refusal(`Interrupted by ${signal}.`)));

try {
  const { minutes, seed } = options();
  process.exitCode = await run(minutes, seed);
} catch (error) {
  exitWith(error);
}

function options(): { minutes: number; seed: number } {
  const { values } = parseArgs({
    options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
  });
  const minutes = Number(values.minutes);
  const seed = values.seed === undefined ? randomInt(1, LARGEST_SEED) : Number(values.seed);
  if (!(minutes > 0)) throw new Refusal(`--minutes must be a number above 0, not "${values.minutes}".`);
  if (!Number.isInteger(seed) || seed < 1 || seed > LARGEST_SEED)
    throw new Refusal(`--seed must be a whole number from 1 to ${LARGEST_SEED}, not "${values.seed}".`);
  return { minutes, seed };
}

/** Answers the exit code. */
async function run(minutes: number, seed: number): Promise<number> {
  console.log(`chaos for ${minutes} minutes, seed ${seed}`);
  const report = new Report();
  const exchange = await ChaosExchange.start(line => report.say(line));
  let isWell = false;
  try {
    isWell = await Promise.race([runOn(exchange, report, { minutes, seed }), interrupted()]);
  } finally {
    const isWorthALook = !isWell && !interruption.signal.aborted;
    await exchange.stop(isWorthALook);
    if (isWorthALook) console.log(`What is left of the exchange is in ${exchange.folder}.`);
    console.log(`seed ${seed}`);
  }
  return isWell ? 0 : 1;
}

/** Never resolves. */
function interrupted(): Promise<never> {
  const { signal } = interruption;
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

async function runOn(
  exchange: ChaosExchange,
  report: Report,
  { minutes, seed }: { minutes: number; seed: number },
): Promise<boolean> {
  const tally: Tally = { requests: 0, acknowledged: 0, refused: 0, notQueued: 0, unknown: 0 };
  const service = new Service();
  const clients = await openClients(exchange, tally);
  const [trading, reading] = [new AbortController(), new AbortController()];
  const streams = clients.readers.map(reader => reader.read(reading.signal));
  const work = [
    ...clients.traders.map((trader, index) => trade(trader, new Random(seed + index), trading.signal)),
    ...clients.probes.map(probe => service.probe(probe, trading.signal)),
  ];
  const progress = setInterval(() => report.progress(tally, service.isUp), PROGRESS_INTERVAL_MS);
  await strike(exchange, report, new Random(seed), minutes * 60_000);
  report.say('no more faults');
  const served = await service.isBack();
  trading.abort();
  await Promise.all(work);
  clearInterval(progress);
  const missing = served ? await exchange.recovered() : 'no order is answered';
  report.say('comparing');
  const findings =
    missing === undefined
      ? await compare(exchange, clients)
      : [{ kind: 'CONTRADICTION', what: `no recovery: ${missing}` } as const];
  reading.abort();
  await Promise.all(streams);
  for (const trader of [...clients.traders, ...clients.probes]) trader.close();
  report.finish(tally, service.outages, findings);
  return findings.length === 0;
}

async function openClients({ addresses }: ChaosExchange, tally: Tally): Promise<Clients> {
  const traders = [];
  for (let number = 1; number <= TRADERS; number++)
    traders.push(await Trader.register(`trader${number}`, addresses, tally));
  const probes = [];
  for (const [index, address] of addresses.entries())
    probes.push(await Trader.register(`probe${index + 1}`, [address], tally));
  await Promise.all([...traders, ...probes].map(fund));
  const readers = addresses.flatMap(address =>
    MARKETS.map(({ market }) => new StreamReader(address, market)),
  );
  return { traders, probes, readers };
}

/** For so long; returns when nothing is paused any more. */
async function strike(
  exchange: ChaosExchange,
  report: Report,
  random: Random,
  durationMs: number,
): Promise<void> {
  const faults = new Faults(exchange);
  const endAt = performance.now() + durationMs;
  for (const { delayMs, faults: together } of schedule(random)) {
    if (performance.now() + delayMs > endAt) break;
    await sleep(delayMs);
    report.struck(together);
    for (const fault of together) report.say(await faults.commit(fault));
  }
  await sleep(endAt - performance.now());
  await faults.over();
}

async function compare(exchange: ChaosExchange, { traders, probes, readers }: Clients) {
  await sleep(QUIET_AFTER_MS);
  const all = [...traders, ...probes];
  await Promise.all(all.map(askAllUnknown));
  const missing = await exchange.recovered();
  const stored = await Stored.in(exchange.pool);
  const comparison = new Comparison(stored);
  if (missing !== undefined) comparison.contradict(missing);
  for (const trader of all) await comparison.compareTrader(trader);
  for (const { market } of MARKETS) {
    const trades = await stored.trades(market);
    for (const reader of readers.filter(reader => reader.market === market))
      comparison.compareStream(reader, await finalDepth(reader), trades);
  }
  for await (const { name, ok, detail } of verifyExchange(exchange.stores))
    if (!ok) comparison.contradict(`verify: ${name}: ${detail}`);
  return comparison.findings;
}

async function askAllUnknown(trader: Trader): Promise<void> {
  for (let attempt = 0; attempt < FINAL_ATTEMPTS && trader.hasUnknown; attempt++)
    await trader.askUnknown(true);
}

/** The depth of the reader's api, once the stream has come as far. */
async function finalDepth(reader: StreamReader): Promise<Depth> {
  const giveUpAt = performance.now() + STREAM_PATIENCE_MS;
  for (;;) {
    const answer = await fetch(`${reader.address}/api/v1/depth?market=${reader.market}&limit=${DEPTH_LIMIT}`);
    const depth = (await answer.json()) as Depth;
    if (depth.lastUpdateId === reader.updateId || performance.now() > giveUpAt) return depth;
    await sleep(100);
  }
}
