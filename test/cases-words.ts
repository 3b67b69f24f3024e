/** Commands in few words, for cases that are written down by hand. */
import type { Command, CreateMarket, PlaceOrder, UpdateMarket } from '../shared/domain/commands.js';
import { FIRST_USER } from '../shared/domain/entities.js';
import type { Side } from '../shared/domain/orders.js';
import { NO_CHANGE } from './script-markets.js';

export const [ANN, BEN, CAT] = [FIRST_USER, FIRST_USER + 1, FIRST_USER + 2];
export const WEEK_MS = 604_800_000;
export const MAX_ISSUED = 2n ** 62n;
export const MAX_LOTS = Number.MAX_SAFE_INTEGER;

/** With assets of no decimals, a lot is 10 units of base, a tick times a lot 3 units of quote. */
export const MARKET: CreateMarket = {
  market: 'AAA_CCC',
  base: 'AAA',
  quote: 'CCC',
  priceDecimals: 1,
  tickSize: 3,
  lotSize: 10n,
  minQuantity: 1,
  maxQuantity: 100,
  minPrice: 1,
  maxPrice: 100,
  minNotional: 0n,
  maxOpenOrders: 10,
  makerFee: 0,
  takerFee: 0,
  status: 'TRADING',
};

/** A lot is a unit of base, a tick times a lot a unit of quote. */
export const BIG_MARKET: CreateMarket = {
  ...MARKET,
  market: 'BIG_CCC',
  tickSize: 10,
  lotSize: 1n,
  maxQuantity: MAX_LOTS,
};

let names = 0;

/** A limit order that rests, unless it says otherwise. */
function order(account: number, side: Side, more: Partial<PlaceOrder>): Command {
  const body: PlaceOrder = {
    account,
    market: MARKET.market,
    clientOrderId: `name-${names++}`,
    side,
    type: 'LIMIT',
    timeInForce: 'GTC',
    selfTradePrevention: 'EXPIRE_MAKER',
    price: null,
    quantity: null,
    quoteQuantity: null,
    ...more,
  };
  return { kind: 'PLACE_ORDER', body };
}

export function buy(
  account: number,
  quantity: number,
  price: number,
  more: Partial<PlaceOrder> = {},
): Command {
  return order(account, 'BUY', { quantity, price, ...more });
}

export function sell(
  account: number,
  quantity: number,
  price: number,
  more: Partial<PlaceOrder> = {},
): Command {
  return order(account, 'SELL', { quantity, price, ...more });
}

/** A market order. */
export function byQuantity(account: number, side: Side, quantity: number): Command {
  return order(account, side, { type: 'MARKET', timeInForce: 'IOC', quantity });
}

/** A market order. */
export function byQuote(
  account: number,
  side: Side,
  quoteQuantity: bigint,
  more: Partial<PlaceOrder> = {},
): Command {
  return order(account, side, { type: 'MARKET', timeInForce: 'IOC', quoteQuantity, ...more });
}

export function cancel(account: number, clientOrderId: string): Command {
  return { kind: 'CANCEL_ORDER', body: { account, orderId: null, market: MARKET.market, clientOrderId } };
}

export function cancelAll(account: number): Command {
  return { kind: 'CANCEL_ALL', body: { account, market: null } };
}

export function deposit(account: number, asset: string, amount: bigint, key: string | null = null): Command {
  return { kind: 'DEPOSIT', body: { account, asset, amount, key } };
}

export function withdraw(account: number, asset: string, amount: bigint, key: string | null = null): Command {
  return { kind: 'WITHDRAW', body: { account, asset, amount, key } };
}

/** Of no decimals. */
export function asset(asset: string): Command {
  return { kind: 'CREATE_ASSET', body: { asset, decimals: 0 } };
}

export function market(body: CreateMarket): Command {
  return { kind: 'CREATE_MARKET', body };
}

export function update(limits: Partial<UpdateMarket>): Command {
  return { kind: 'UPDATE_MARKET', body: { market: MARKET.market, ...NO_CHANGE, ...limits } };
}
