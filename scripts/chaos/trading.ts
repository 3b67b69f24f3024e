/** What the traders do: orders of all kinds around one price a market, cancels, transfers and questions. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SIDES } from '../../shared/domain/orders.js';
import { fromUnits } from '../../shared/domain/units.js';
import type { Random } from '../random.js';
import type { Trader } from './trader.js';

/** Prices in ticks, quantities in lots, with as many decimals as the fresh exchange's markets have. */
export const MARKETS = [
  { market: 'BTC_USDT', base: 'BTC', centre: 5_000_000, priceDecimals: 2, lots: 100, quantityDecimals: 5 },
  { market: 'ETH_USDT', base: 'ETH', centre: 250_000, priceDecimals: 2, lots: 200, quantityDecimals: 4 },
  { market: 'ADA_USDT', base: 'ADA', centre: 4000, priceDecimals: 4, lots: 500, quantityDecimals: 1 },
] as const;

const FUNDS = { BTC: '0.05', ETH: '1', ADA: '2000', USDT: '2000' } as const;
const ASSETS = Object.keys(FUNDS) as (keyof typeof FUNDS)[];
/** Ticks from the centre. */
const SPREAD = 12;
const MOST_RESTING = 20;
const LONGEST_REST_MS = 100;
/** After a failure: long enough for a client that means well. */
const FAILURE_REST_MS = 50;

/** So much that money sometimes runs out. */
export async function fund(trader: Trader): Promise<void> {
  for (const asset of ASSETS) await trader.transfer({ kind: 'deposit', asset, amount: FUNDS[asset] });
}

/** Until the signal is aborted. */
export async function trade(trader: Trader, random: Random, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const failed = await act(trader, random).then(
      () => false,
      () => true,
    );
    await sleep(failed ? FAILURE_REST_MS : random.below(LONGEST_REST_MS));
  }
}

async function act(trader: Trader, random: Random): Promise<unknown> {
  const share = random.below(100);
  const resting = [...trader.resting];
  if (share < 25 || resting.length > MOST_RESTING)
    return resting.length > 0 ? trader.cancel(random.of(resting)) : undefined;
  if (share < 82) return trader.place(orderOf(random));
  if (share < 88) return trader.transfer(transferOf(random));
  if (share < 92) return trader.askUnknown();
  if (share < 96) return resting.length > 0 ? trader.ask(random.of(resting)) : undefined;
  return share < 98 ? trader.call('profile', {}) : trader.call('openOrders', {});
}

function orderOf(random: Random) {
  const { market, centre, priceDecimals, lots, quantityDecimals } = random.of(MARKETS);
  const side = random.of(SIDES);
  const quantity = fromUnits(lots + random.below(lots), quantityDecimals);
  const share = random.below(10);
  if (share === 0) return { market, side, type: 'MARKET', quantity } as const;
  const price = fromUnits(centre + random.below(2 * SPREAD) - SPREAD, priceDecimals);
  const form = { market, side, quantity, price };
  if (share === 1) return { ...form, type: 'LIMIT_MAKER' } as const;
  const timeInForce = share === 2 ? 'FOK' : share < 5 ? 'IOC' : 'GTC';
  return { ...form, type: 'LIMIT', timeInForce } as const;
}

function transferOf(random: Random) {
  const kind = random.of(['deposit', 'withdraw'] as const);
  const asset = random.of(ASSETS);
  const tenth = Number(FUNDS[asset]) / 10;
  return { kind, asset, amount: (tenth * (1 + random.below(20))).toFixed(4) };
}
