/** The accounts of a load on a bench's own exchange: signed in, with money, and a book that they stand in. */
import { createSigner } from 'fast-jwt';
import { Client } from '../../scripts/client/client.js';
import type { BenchExchange } from '../measuring/exchange.js';
import { MARKETS, PAIRS, type Pair, pairOf, STANDING, standing } from './order-cycles.js';
import { orderForm, type Traders } from './requests.js';

const OPENERS = 32;
const BASE_FUNDS = '1000000';
const QUOTE_FUNDS = '10000000';
const ADMIN = 1;
const TOKEN_MS = 3_600_000;

/** Makes the market that a fresh exchange lacks, and opens all accounts. */
export async function openAccounts(exchange: BenchExchange): Promise<Traders[]> {
  await createMarket(exchange);
  const traders: Traders[] = [];
  const open = async (first: number) => {
    const client = new Client(exchange.address);
    for (let index = first; index < PAIRS; index += OPENERS) {
      traders[index] = await openPair(exchange, client, pairOf(index));
    }
    client.close();
  };
  await Promise.all(Array.from({ length: OPENERS }, (_, opener) => open(opener)));
  return traders;
}

async function createMarket(exchange: BenchExchange): Promise<void> {
  const client = new Client(exchange.address, tokenOf(exchange, ADMIN, 'ADMIN'));
  const { market, base } = MARKETS.at(-1)!;
  await client.call('createAsset', { asset: base, decimals: 8 });
  await client.call('createMarket', { market, tickSize: '0.01', lotSize: '0.001' });
  client.close();
}

async function openPair(exchange: BenchExchange, client: Client, pair: Pair): Promise<Traders> {
  const [makerToken, takerToken] = [
    tokenOf(exchange, pair.maker, 'USER'),
    tokenOf(exchange, pair.taker, 'USER'),
  ];
  for (const token of [makerToken, takerToken]) {
    await client.signedIn(token).call('deposit', { asset: pair.market.base, amount: BASE_FUNDS });
    await client.signedIn(token).call('deposit', { asset: 'USDT', amount: QUOTE_FUNDS });
  }
  const maker = client.signedIn(makerToken);
  for (let order = 0; order < STANDING; order++)
    await maker.call('placeOrder', orderForm(standing(pair, order)));
  return { pair, makerToken, takerToken };
}

/** Made directly, since a log-in takes the api a twentieth of a second. */
export function tokenOf({ jwtSecret }: BenchExchange, account: number, role: 'USER' | 'ADMIN'): string {
  const sign = createSigner({ key: jwtSecret, algorithm: 'HS256', expiresIn: TOKEN_MS });
  return sign({ sub: String(account), email: `${account}@bench.test`, role });
}
