/** What the accounts of a load have before it begins, as commands: a market, money, and orders that stay. */
import type { Command } from '../../shared/domain/commands.js';
import { cycleOf, MARKETS, PAIRS, pairOf, STANDING, standing } from './order-cycles.js';

/** Smallest units. */
const FUNDS = 10n ** 15n;

export function foundation(): Command[] {
  const pairs = Array.from({ length: PAIRS }, (_, index) => pairOf(index));
  return [
    ...createMarket(),
    ...pairs.flatMap(({ maker, taker, market: { base } }) =>
      [maker, taker].flatMap(account =>
        [base, 'USDT'].map(
          (asset): Command => ({ kind: 'DEPOSIT', body: { account, asset, amount: FUNDS, key: null } }),
        ),
      ),
    ),
    ...pairs.flatMap(pair => Array.from({ length: STANDING }, (_, order) => standing(pair, order))),
  ];
}

/** One cycle of every pair, each pair's commands as far apart as if all sent them at the same pace. */
export function commandsOfAll(): Command[] {
  const cycles = Array.from({ length: PAIRS }, (_, index) => cycleOf(pairOf(index)));
  return cycles[0]!.flatMap((_, step) => cycles.map(cycle => cycle[step]!.command));
}

function createMarket(): Command[] {
  const { market, base, priceDecimals } = MARKETS.at(-1)!;
  return [
    { kind: 'CREATE_ASSET', body: { asset: base, decimals: 8 } },
    {
      kind: 'CREATE_MARKET',
      body: {
        market,
        base,
        quote: 'USDT',
        priceDecimals,
        tickSize: 1,
        lotSize: 100_000n,
        minQuantity: 1,
        maxQuantity: 1e7,
        minPrice: 1,
        maxPrice: 1e8,
        minNotional: 1n,
        maxOpenOrders: 1000,
        makerFee: 0,
        takerFee: 0,
        status: 'TRADING',
      },
    },
  ];
}
