/** What a fresh exchange has (API.md): the commands that the first leader puts into the sequence. */
import type { Command, CreateMarket } from './commands.js';

const assets: readonly (readonly [asset: string, decimals: number])[] = [
  ['BTC', 8],
  ['ETH', 8],
  ['ADA', 6],
  ['USDT', 8],
];

const limits: Omit<
  CreateMarket,
  'market' | 'base' | 'quote' | 'priceDecimals' | 'tickSize' | 'lotSize' | 'maxPrice' | 'maxQuantity'
> = {
  minQuantity: 1,
  minPrice: 1,
  minNotional: 1_0000_0000n,
  maxOpenOrders: 1000,
  makerFee: 0,
  takerFee: 0,
  status: 'TRADING',
};

const markets: readonly CreateMarket[] = [
  // tick 0.01, lot 0.00001 BTC; up to 10,000,000 USDT and 1,000 BTC an order
  {
    ...limits,
    ...names('BTC', 'USDT'),
    priceDecimals: 2,
    tickSize: 1,
    lotSize: 1000n,
    maxPrice: 1e9,
    maxQuantity: 1e8,
  },
  // tick 0.01, lot 0.0001 ETH; up to 1,000,000 USDT and 10,000 ETH an order
  {
    ...limits,
    ...names('ETH', 'USDT'),
    priceDecimals: 2,
    tickSize: 1,
    lotSize: 10_000n,
    maxPrice: 1e8,
    maxQuantity: 1e8,
  },
  // tick 0.0001, lot 0.1 ADA; up to 10,000 USDT and 1,000,000 ADA an order
  {
    ...limits,
    ...names('ADA', 'USDT'),
    priceDecimals: 4,
    tickSize: 1,
    lotSize: 100_000n,
    maxPrice: 1e8,
    maxQuantity: 1e7,
  },
];

export const GENESIS: readonly Command[] = [
  ...assets.map(([asset, decimals]): Command => ({ kind: 'CREATE_ASSET', body: { asset, decimals } })),
  ...markets.map((body): Command => ({ kind: 'CREATE_MARKET', body })),
];

function names(base: string, quote: string) {
  return { market: `${base}_${quote}`, base, quote };
}
