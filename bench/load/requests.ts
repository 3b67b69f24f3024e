/** The commands of a load as HTTP requests, made before any clock runs. */

import type { Command } from '../../shared/domain/commands.js';
import { fromUnits } from '../../shared/domain/units.js';
import { httpRequest } from './connection.js';
import { type Act, type BenchMarket, cycleOf, MARKETS, type Pair, TOUCH_NAME } from './order-cycles.js';

export interface Request {
  act: Act;
  bytes: Buffer;
}

/** A pair that is signed in. */
export interface Traders {
  pair: Pair;
  makerToken: string;
  takerToken: string;
}

const ORDER_PATH = '/api/v1/order';

/** @param load what its orders' names begin with, so that none is in the way of what another load could not cancel */
export function requestsOf({ pair, makerToken, takerToken }: Traders, load: string): Request[] {
  return cycleOf(pair).map(({ act, command }) => ({
    act,
    bytes: Buffer.from(requestOf(command, load, act === 'TRADE' ? takerToken : makerToken), 'latin1'),
  }));
}

function requestOf(command: Command, load: string, token: string): string {
  if (command.kind !== 'CANCEL_ORDER') {
    const form = orderForm(command);
    const name = form.clientOrderId && { clientOrderId: `${load}-${form.clientOrderId}` };
    return httpRequest('POST', ORDER_PATH, token, { ...form, ...name });
  }
  const { market, clientOrderId } = command.body;
  return httpRequest(
    'DELETE',
    `${ORDER_PATH}?market=${market}&clientOrderId=${load}-${clientOrderId}`,
    token,
  );
}

/**
 * An order as a user writes it. The one at the touch has no name: takers take the oldest there, whoever's it is, so it may
 * still be open when its pair's next cycle begins, and nobody cancels it.
 */
export function orderForm(command: Command) {
  if (command.kind !== 'PLACE_ORDER') throw new Error(`${command.kind} is no order`);
  const { market, side, timeInForce, price, quantity, clientOrderId } = command.body;
  const { priceDecimals, quantityDecimals } = marketOf(market);
  return {
    market,
    side,
    type: 'LIMIT' as const,
    price: fromUnits(price!, priceDecimals),
    quantity: fromUnits(quantity!, quantityDecimals),
    timeInForce,
    ...(clientOrderId !== TOUCH_NAME && { clientOrderId }),
  };
}

function marketOf(name: string): BenchMarket {
  return MARKETS.find(({ market }) => market === name)!;
}
