/** Traders in pairs, each with what it needs for any number of orders: one offers, the other takes as much. */
import { Client } from '../../scripts/client/client.js';
import { FIRST_USER } from '../../shared/domain/entities.js';
import { tokenOf } from '../load/accounts.js';
import { httpRequest } from '../load/connection.js';
import type { BenchExchange } from '../measuring/exchange.js';

/** The two requests that a connection sends in turn: a resting order, and one that takes as much. */
export type Pair = readonly [rest: string, take: string];

const MARKETS = [
  { market: 'BTC_USDT', base: 'BTC', price: '50000', quantity: '0.001' },
  { market: 'ETH_USDT', base: 'ETH', price: '2500', quantity: '0.01' },
  { market: 'ADA_USDT', base: 'ADA', price: '0.4', quantity: '10' },
] as const;

/** So many pairs are opened at once. */
const OPENERS = 64;

export async function openPairs(exchange: BenchExchange, count: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  const open = async (first: number) => {
    const client = new Client(exchange.address);
    for (let index = first; index < count; index += OPENERS) {
      pairs[index] = await openPair(exchange, client, index);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: OPENERS }, (_, opener) => open(opener)));
  return pairs;
}

async function openPair(exchange: BenchExchange, client: Client, index: number): Promise<Pair> {
  const { market, base, price, quantity } = MARKETS[index % MARKETS.length]!;
  const [seller, buyer] = [
    tokenOf(exchange, FIRST_USER + 2 * index + 1, 'USER'),
    tokenOf(exchange, FIRST_USER + 2 * index + 2, 'USER'),
  ];
  await deposit(client.signedIn(seller), base, '10000000');
  await deposit(client.signedIn(buyer), 'USDT', '10000000');
  const order = { market, type: 'LIMIT', price, quantity };
  return [
    httpRequest('POST', '/api/v1/order', seller, { ...order, side: 'SELL' }),
    httpRequest('POST', '/api/v1/order', buyer, { ...order, side: 'BUY', timeInForce: 'IOC' }),
  ];
}

function deposit(client: Client, asset: string, amount: string): Promise<unknown> {
  return client.call('deposit', { asset, amount });
}
