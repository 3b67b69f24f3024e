/**
 * `npm run load -- --rate 20000 --minutes 5 [--url http://127.0.0.1:3000]`: a steady load of orders on an exchange that
 * runs, as its users make it: they sign up, get money from the administrator (ADMIN_EMAIL, ADMIN_PASSWORD or what
 * `npm start` keeps in DATA_DIR), and then place, take and cancel orders at a rate that does not wait for answers.
 *
 * Only the exchange that is named is talked to. What the users began they bring to its end, also after Ctrl-C; then the
 * book holds nothing of theirs. Whatever was not answered as it should is counted and shown.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OpenLoop } from '../bench/load/open-loop.js';
import { MARKETS, pairOf } from '../bench/load/order-cycles.js';
import { requestsOf, type Traders } from '../bench/load/requests.js';
import { Tally } from '../bench/load/tally.js';
import { percentilesOf } from '../bench/measuring/rows.js';
import { percent, whole } from '../bench/measuring/text.js';
import { readConfig } from '../shared/io/config.js';
import { Client } from './client/client.js';
import { exitWith, Refusal } from './running/refusal.js';

const MAX_RATE = 100_000;
const MAX_MINUTES = 60;
/** Each is a connection with two users. A sign-up takes the api a twentieth of a second. */
const CONNECTIONS = 32;
const FUNDS = '1000000';
const PROGRESS_MS = 5000;
const USAGE = `Usage: npm run load -- --rate 1..${MAX_RATE} --minutes 0.01..${MAX_MINUTES} [--url http://127.0.0.1:3000]`;

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());

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
      url: { type: 'string', default: 'http://127.0.0.1:3000' },
    },
  });
  const [rate, minutes] = [Number(values.rate), Number(values.minutes)];
  if (!(rate >= 1 && rate <= MAX_RATE) || !(minutes >= 0.01 && minutes <= MAX_MINUTES))
    throw new Refusal(USAGE);
  if (!URL.canParse(values.url) || new URL(values.url).protocol !== 'http:') throw new Refusal(USAGE);
  return { rate, minutes, url: new URL(values.url) };
}

async function run({ rate, minutes, url }: Arguments): Promise<void> {
  const traders = await signUp(url.origin);
  const tally = new Tally();
  const address = { host: url.hostname, port: Number(url.port || 80) };
  const scripts = traders.map(one => requestsOf(one, 'load'));
  const loop = new OpenLoop(address, scripts, tally, { perSecond: rate, place: 0, of: 1 });
  loop.start();
  tally.measure();
  const progress = setInterval(() => console.log(tally.progress()), PROGRESS_MS);
  await delay(minutes * 60_000, undefined, { signal: interruption.signal }).catch(() => {});
  clearInterval(progress);
  tally.endMeasuring();
  report(tally, rate, await loop.end());
}

async function signUp(address: string): Promise<Traders[]> {
  const client = new Client(address);
  const admin = client.signedIn((await client.call('logIn', administrator())).token);
  const listed = new Set((await client.call('getMarkets', {})).map(({ market }) => market));
  const markets = MARKETS.filter(({ market }) => listed.has(market));
  if (markets.length === 0)
    throw new Refusal(`${address} has none of ${MARKETS.map(({ market }) => market).join(', ')}.`);
  const traders: Traders[] = [];
  for (let index = 0; index < CONNECTIONS; index++) {
    const market = markets[index % markets.length]!;
    const [maker, taker] = [await user(client, admin, market.base), await user(client, admin, market.base)];
    const pair = { ...pairOf(index), market, maker: maker.account, taker: taker.account };
    traders.push({ pair, makerToken: maker.token, takerToken: taker.token });
  }
  client.close();
  console.log(`${2 * CONNECTIONS} users have signed up; ${markets.map(({ market }) => market).join(', ')}`);
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
  const latency = percentilesOf(tally.latencies);
  const late = percentilesOf(tally.lateness);
  const lines = [
    `offered ${whole(rate)} a second, answered ${whole(answered / seconds)} for ${seconds.toFixed(0)} s`,
    `from the moment a request was due: p50 ${latency.p50}  p99 ${latency.p99}  p99.9 ${latency.p999}  max ${latency.max} ms`,
    `${percent(REST, all)} came to rest, ${percent(TRADE, all)} traded, ${percent(CANCEL, all)} canceled what rested`,
    `this process took ${percent(ownCpu, 1, 0)} of a core, and sent late by p99 ${late.p99} ms`,
    ...(leftOver > 0 ? [`${whole(leftOver)} requests still waited for a free connection`] : []),
    ...unexpected.map(([body, count]) => `${whole(count)} times ${body}`),
  ];
  console.log(lines.join('\n'));
}
