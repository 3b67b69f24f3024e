/**
 * `npm run replay -- <file>`: takes a recording of a venue's trades through a running exchange's public API.
 *
 * In a market of its own each trade's maker side rests from one account and is then taken from another, strictly in
 * turn. At the end what the stream published and what Postgres stored are compared with the recording, trade by trade,
 * and both accounts' balances with the sum of the trades. Exits with 1 on any difference.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { opposite } from '../shared/domain/orders.js';
import { fromUnits, toUnits } from '../shared/domain/units.js';
import { readConfig } from '../shared/io/config.js';
import { Client } from './client/client.js';
import { allPages } from './client/pages.js';
import { Streams } from './client/streams.js';
import { Progress } from './progress.js';
import { type RecordedTrade, readTrades } from './recording.js';

const BASE = { asset: 'BTC', decimals: 8 };
const QUOTE = { asset: 'USDT', decimals: 8 };
const SETTLE_TIMEOUT_MS = 30_000;

interface Account {
  client: Client;
  userId: string;
}

interface PlainTrade {
  tradeId: string;
  price: string;
  quantity: string;
  buyerIsMaker: boolean;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { url: { type: 'string' } },
});
const [file] = positionals;
if (file === undefined) fail('Usage: npm run replay -- <recording.gz> [--url http://127.0.0.1:3000]');

const config = readConfig();
const address = values.url ?? `http://${config.host}:${config.port}`;
const trades = readTrades(file);
if (trades.length === 0) fail(`${file} holds no trades`);

const market = `REPLAY${Date.now().toString(36).slice(-4).toUpperCase()}_${QUOTE.asset}`;
const admin = await signIn();
await admin.call('createMarket', {
  market,
  base: BASE.asset,
  quote: QUOTE.asset,
  tickSize: '0.01',
  lotSize: '0.00001',
  minNotional: '0',
});
const expected = trades.map(plain);
const maker = await openAccount('maker');
const taker = await openAccount('taker');
const before = [await balancesOf(maker), await balancesOf(taker)] as const;

const published: PlainTrade[] = [];
const streams = new Streams(address);
await streams.subscribe(`${market.toLowerCase()}@trade`, ({ t, p, q, m }) => {
  published.push({ tradeId: t, price: p, quantity: q, buyerIsMaker: m });
});
const seconds = await replayTrades();
const differences = [
  ...compareTrades('stream', await settled(async () => published)),
  ...compareTrades('Postgres, taker', await settled(() => storedTrades(taker, false))),
  ...compareTrades('Postgres, maker', await settled(() => storedTrades(maker, true))),
  ...compareBalances('maker', before[0], await balancesOf(maker), 1n),
  ...compareBalances('taker', before[1], await balancesOf(taker), -1n),
];
streams.close();
const rate = Math.round((2 * trades.length) / seconds);
console.log(`${trades.length} trades in ${market}: ${rate} orders a second, one at a time`);
for (const difference of differences.slice(0, 20)) console.log(difference);
console.log(differences.length === 0 ? 'no difference' : `${differences.length} differences`);
process.exit(differences.length === 0 ? 0 : 1);

async function signIn(): Promise<Client> {
  const client = new Client(address);
  const password =
    config.adminPassword ?? readFileSync(join(config.dataDir, 'admin-password'), 'utf8').trim();
  const credentials = { email: config.adminEmail, password };
  const { token } = await client.call('logIn', credentials);
  return client.signedIn(token);
}

/** A new user with all that its side of the recording can need. */
async function openAccount(role: string): Promise<Account> {
  const credentials = {
    email: `${role}-${market.toLowerCase()}-${Date.now()}@replay.test`,
    password: 'a-long-password',
  };
  const user = await new Client(address).call('register', credentials);
  const total = totals();
  for (const [{ asset, decimals }, amount] of [
    [BASE, total.base],
    [QUOTE, total.quote],
  ] as const) {
    const deposit = {
      userId: user.userId,
      asset,
      amount: fromUnits(amount, decimals),
      id: `${market}-${asset}`,
    };
    await admin.call('depositForUser', deposit);
  }
  return { client: admin.signedIn(user.token), userId: user.userId };
}

async function replayTrades(): Promise<number> {
  const progress = new Progress('replaying', expected.length);
  const started = performance.now();
  for (const [index, { price, quantity, buyerIsMaker }] of expected.entries()) {
    const order = { market, type: 'LIMIT', price, quantity } as const;
    const makerSide = buyerIsMaker ? 'BUY' : 'SELL';
    await maker.client.call('placeOrder', { ...order, side: makerSide });
    await taker.client.call('placeOrder', { ...order, side: opposite(makerSide), timeInForce: 'IOC' });
    progress.reach(index + 1);
  }
  return (performance.now() - started) / 1000;
}

/** What comes a moment later than the answers: waits until it is all there, or will not come. */
async function settled(read: () => Promise<PlainTrade[]>): Promise<PlainTrade[]> {
  const giveUpAt = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const list = await read();
    if (list.length >= expected.length || performance.now() > giveUpAt) return list;
    await delay(200);
  }
}

/** An account's fills, oldest first. */
async function storedTrades({ client }: Account, isMaker: boolean): Promise<PlainTrade[]> {
  const fills = await allPages(place => client.call('tradeHistory', { market, ...place }));
  return fills
    .map(({ tradeId, price, quantity, side }) => {
      return { tradeId, price, quantity, buyerIsMaker: (side === 'BUY') === isMaker };
    })
    .reverse();
}

function compareTrades(where: string, found: readonly PlainTrade[]): string[] {
  const differences =
    found.length === expected.length ? [] : [`${where}: ${found.length} of ${expected.length} trades`];
  for (const [index, trade] of expected.entries()) {
    const got = found[index];
    if (
      got === undefined ||
      Object.entries(trade).some(([name, value]) => got[name as keyof PlainTrade] !== value)
    ) {
      differences.push(`${where}: ${JSON.stringify(got)} instead of ${JSON.stringify(trade)}`);
    }
  }
  return differences;
}

type Balances = ReadonlyMap<string, bigint>;

async function balancesOf({ client }: Account): Promise<Balances> {
  const user = await client.call('profile', {});
  const known = new Map<string, bigint>();
  for (const { asset, decimals } of [BASE, QUOTE]) {
    const balance = user.balances.find(({ asset: name }) => name === asset)!;
    known.set(asset, toUnits(balance.available, decimals)! + toUnits(balance.locked, decimals)!);
  }
  return known;
}

/** @param sign 1n for the account that buys where the buyer is the maker, -1n for the other */
function compareBalances(who: string, from: Balances, to: Balances, sign: bigint): string[] {
  const change = totals();
  return [
    { ...BASE, expected: sign * change.makerBase },
    { ...QUOTE, expected: sign * change.makerQuote },
  ].flatMap(({ asset, decimals, expected }) => {
    const got = to.get(asset)! - from.get(asset)!;
    const text = `${who}: ${asset} changed by ${fromUnits(got, decimals)} instead of ${fromUnits(expected, decimals)}`;
    return got === expected ? [] : [text];
  });
}

/** Of the recording: what was traded in all, and the maker's gain, in smallest units. */
function totals() {
  const sum = { base: 0n, quote: 0n, makerBase: 0n, makerQuote: 0n };
  for (const { price, quantity, buyerIsMaker } of trades) {
    const base = toUnits(quantity, BASE.decimals)!;
    const quote = (toUnits(price, 2)! * toUnits(quantity, 5)! * 10n ** BigInt(QUOTE.decimals)) / 10n ** 7n;
    const sign = buyerIsMaker ? 1n : -1n;
    sum.base += base;
    sum.quote += quote;
    sum.makerBase += sign * base;
    sum.makerQuote -= sign * quote;
  }
  return sum;
}

/** The recorded trade as this exchange writes it, numbered from 1. */
function plain({ price, quantity, buyerIsMaker }: RecordedTrade, index: number): PlainTrade {
  return {
    tradeId: String(index + 1),
    price: fromUnits(toUnits(price, 2)!, 2),
    quantity: fromUnits(toUnits(quantity, 5)!, 5),
    buyerIsMaker,
  };
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
