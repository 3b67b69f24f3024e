/**
 * `npm run load -- --rate 20000 --minutes 5 [--url http://127.0.0.1:3000]`: a steady load of orders on an exchange that
 * runs, as its users make it: they sign up, get money from the administrator (ADMIN_EMAIL, ADMIN_PASSWORD or what
 * `npm start` keeps in DATA_DIR), and then place, take and cancel orders at a rate that does not wait for answers.
 *
 * Only the exchange that is named is talked to. What the users began they bring to its end, also after Ctrl-C; then the
 * book holds nothing of theirs. Whatever was not answered as it should is counted and shown, and the exit code is 1.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { limitNote, notHeldNote } from '../bench/load/generators.js';
import { OpenLoop } from '../bench/load/open-loop.js';
import { MARKETS, pairOf } from '../bench/load/order-cycles.js';
import { requestsOf, type Traders } from '../bench/load/requests.js';
import { Tally } from '../bench/load/tally.js';
import { tell, tellDone } from '../bench/measuring/progress.js';
import { percentilesOf } from '../bench/measuring/rows.js';
import { percent, whole } from '../bench/measuring/text.js';
import { readConfig } from '../shared/io/config.js';
import { Client } from './client/client.js';
import { exitWith, Refusal } from './running/refusal.js';

const MAX_RATE = 100_000;
const MIN_MINUTES = 0.01;
const MAX_MINUTES = 60;
/** Of users who trade with each other. A sign-up takes the api a twentieth of a second. */
const PAIRS = 32;
/** Shared out among the pairs. */
const CONNECTIONS = 256;
const FUNDS = '1000000';
/** By then all connections are open. */
const CONNECTING_MS = 1000;
const PROGRESS_MS = process.stderr.isTTY ? 1000 : 5000;
const USAGE = 'Usage: npm run load -- --rate 20000 --minutes 5 [--url http://127.0.0.1:3000]';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());

process.once('uncaughtException', exitWith);

try {
  await run(readArguments());
} catch (error) {
  exitWith(error);
}

interface Arguments {
  rate: number;
  minutes: number;
  url: URL;
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '1000' },
      minutes: { type: 'string', default: '1' },
      url: { type: 'string', default: `http://127.0.0.1:${process.env.PORT || 3000}` },
    },
  });
  const [rate, minutes] = [Number(values.rate), Number(values.minutes)];
  if (!(rate >= 1 && rate <= MAX_RATE))
    throw new Refusal(`--rate is 1 to ${whole(MAX_RATE)} requests a second, not "${values.rate}". ${USAGE}`);
  if (!(minutes >= MIN_MINUTES && minutes <= MAX_MINUTES))
    throw new Refusal(`--minutes is ${MIN_MINUTES} to ${MAX_MINUTES}, not "${values.minutes}". ${USAGE}`);
  if (!URL.canParse(values.url) || new URL(values.url).protocol !== 'http:')
    throw new Refusal(`--url is an address such as http://127.0.0.1:3000, not "${values.url}". ${USAGE}`);
  return { rate, minutes, url: new URL(values.url) };
}

async function run({ rate, minutes, url }: Arguments): Promise<void> {
  const traders = await signUp(url.origin);
  if (interruption.signal.aborted) throw new Refusal('Interrupted before the load began.');
  const tally = new Tally();
  const address = { host: url.hostname, port: Number(url.port || 80) };
  const scripts = Array.from({ length: CONNECTIONS }, (_, index) =>
    requestsOf(traders[index % PAIRS]!, `load-${index}`),
  );
  const loop = new OpenLoop(address, scripts, tally, { perSecond: rate, place: 0, of: 1 });
  const wait = (ms: number) => delay(ms, undefined, { signal: interruption.signal }).catch(() => {});
  await wait(CONNECTING_MS);
  tally.measure();
  loop.start();
  const progress = setInterval(() => tell(tally.progress()), PROGRESS_MS);
  await wait(minutes * 60_000);
  clearInterval(progress);
  tally.endMeasuring();
  const leftOver = await loop.end();
  tellDone();
  report(tally, rate, leftOver);
}

async function signUp(address: string): Promise<Traders[]> {
  const client = new Client(address);
  const { token } = await client.call('logIn', administrator()).catch((error: Error) => {
    throw new Refusal(`${address} does not let the administrator in: ${error.message}.`);
  });
  const admin = client.signedIn(token);
  const listed = new Set((await client.call('getMarkets', {})).map(({ market }) => market));
  const markets = MARKETS.filter(({ market }) => listed.has(market));
  if (markets.length === 0)
    throw new Refusal(`${address} has none of ${MARKETS.map(({ market }) => market).join(', ')}.`);
  tell(`${2 * PAIRS} users sign up`);
  const traders: Traders[] = [];
  for (let index = 0; index < PAIRS && !interruption.signal.aborted; index++) {
    const market = markets[index % markets.length]!;
    const [maker, taker] = [await user(client, admin, market.base), await user(client, admin, market.base)];
    const pair = { ...pairOf(index), market, maker: maker.account, taker: taker.account };
    traders.push({ pair, makerToken: maker.token, takerToken: taker.token });
  }
  client.close();
  console.log(`${2 * PAIRS} users trade ${markets.map(({ market }) => market).join(', ')}`);
  return traders;
}

async function user(
  visitor: Client,
  admin: Client,
  base: string,
): Promise<{ account: number; token: string }> {
  const newcomer = { email: `load-${randomUUID()}@example.com`, password: randomUUID() };
  const { userId, token } = await visitor.call('register', newcomer);
  for (const asset of [base, 'USDT'])
    await admin.call('depositForUser', { userId, asset, amount: FUNDS, id: randomUUID() });
  return { account: Number(userId), token };
}

function administrator(): { email: string; password: string } {
  const { adminEmail, adminPassword, dataDir } = readConfig();
  const kept = join(dataDir, 'admin-password');
  const password = adminPassword ?? (existsSync(kept) ? readFileSync(kept, 'utf8').trim() : undefined);
  if (password === undefined)
    throw new Refusal(`The administrator's password is neither in ADMIN_PASSWORD nor in ${kept}.`);
  return { email: adminEmail, password };
}

function report(tally: Tally, rate: number, leftOver: number): void {
  const { answered, seconds, acts, unexpected, ownCpu } = tally.measured(leftOver);
  const { REST, TRADE, CANCEL } = acts;
  const all = REST + TRADE + CANCEL;
  const { p50, p90, p99, p999, p9999, max } = percentilesOf(tally.latencies);
  const late = percentilesOf(tally.lateness);
  const lines = [
    `offered ${whole(rate)} a second, answered ${whole(answered / seconds)} for ${seconds.toFixed(0)} s`,
    `ms from the moment a request was due: p50 ${p50}  p90 ${p90}  p99 ${p99}  p99.9 ${p999}  p99.99 ${p9999}  max ${max}`,
    `${percent(REST, all)} came to rest, ${percent(TRADE, all)} traded, ${percent(CANCEL, all)} canceled what rested`,
    `this process took ${percent(ownCpu, 1, 0)} of a core, and sent late by p99 ${late.p99} ms`,
    ...limitNote('this process was', [{ busiest: ownCpu }]),
    ...notHeldNote(leftOver, rate),
    ...unexpected.map(([body, count]) => `${whole(count)} times ${body}`),
  ];
  console.log(lines.join('\n'));
  if (unexpected.length > 0) process.exitCode = 1;
}
