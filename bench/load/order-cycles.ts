/**
 * The orders that every load is made of: 35 % rest, 35 % trade, 30 % cancel, and nothing grows.
 *
 * A pair of accounts walks through a cycle of 20 commands again and again: the maker rests one order at the touch and six
 * away from it, the taker takes the one at the touch bit by bit, and the maker cancels the six. After a cycle the book is
 * as it was before, so each cancel finds its order and each taker its maker, however many pairs do the same at once.
 */
import type { Command } from '../../shared/domain/commands.js';
import { FIRST_USER } from '../../shared/domain/entities.js';
import type { Side, TimeInForce } from '../../shared/domain/orders.js';

export type Act = 'REST' | 'TRADE' | 'CANCEL';

export interface BenchMarket {
  market: string;
  base: string;
  /** Ticks, of 10^-priceDecimals. */
  centre: number;
  priceDecimals: number;
  /** What a taker takes, in lots of 10^-quantityDecimals; some 5 USDT. */
  lots: number;
  quantityDecimals: number;
}

/** The first three are those of a fresh exchange. */
export const MARKETS: readonly BenchMarket[] = [
  { market: 'BTC_USDT', base: 'BTC', centre: 5_000_000, priceDecimals: 2, lots: 10, quantityDecimals: 5 },
  { market: 'ETH_USDT', base: 'ETH', centre: 250_000, priceDecimals: 2, lots: 20, quantityDecimals: 4 },
  { market: 'ADA_USDT', base: 'ADA', centre: 4_000, priceDecimals: 4, lots: 125, quantityDecimals: 1 },
  { market: 'SOL_USDT', base: 'SOL', centre: 20_000, priceDecimals: 2, lots: 25, quantityDecimals: 3 },
];

export const ACCOUNTS = 1000;
export const PAIRS = ACCOUNTS / 2;

/** Two accounts that trade in one market. */
export interface Pair {
  maker: number;
  taker: number;
  market: BenchMarket;
  /** The side of what rests at the touch. */
  side: Side;
}

export interface Step {
  act: Act;
  command: Command;
}

type Move = { act: 'REST' | 'CANCEL'; order: number } | { act: 'TRADE' };

/** Order 0 is the one at the touch. */
const TOUCH = 0;
export const TOUCH_NAME = nameOf(TOUCH);
const rest = (order: number): Move => ({ act: 'REST', order });
const cancel = (order: number): Move => ({ act: 'CANCEL', order });
const trade: Move = { act: 'TRADE' };

// biome-ignore format: one line for each part of the cycle
const CYCLE: readonly Move[] = [
  rest(TOUCH), rest(1), trade, rest(2), trade, rest(3), trade,
  cancel(1), rest(4), trade, cancel(2), rest(5), trade, cancel(3), rest(6), trade,
  cancel(4), trade, cancel(5), cancel(6),
];

export const CYCLE_LENGTH = CYCLE.length;
const TRADES = CYCLE.filter(({ act }) => act === 'TRADE').length;
/** Orders of each maker that stay. */
export const STANDING = 10;
/** Levels away from the touch on which orders rest. */
const LEVELS = 100;

export function pairOf(index: number): Pair {
  return {
    maker: FIRST_USER + 2 * index,
    taker: FIRST_USER + 2 * index + 1,
    market: MARKETS[index % MARKETS.length]!,
    side: Math.floor(index / MARKETS.length) % 2 === 0 ? 'SELL' : 'BUY',
  };
}

export function cycleOf(pair: Pair): Step[] {
  return CYCLE.map(move => ({ act: move.act, command: commandOf(pair, move) }));
}

/** One more order of the maker that stays, as a book has them. @param order from 0 on */
export function standing(pair: Pair, order: number): Command {
  return place(pair, { account: pair.maker, clientOrderId: `standing-${order}` }, awayOf(pair, 3 * order));
}

function commandOf(pair: Pair, move: Move): Command {
  const { maker, taker, market, side } = pair;
  if (move.act === 'TRADE') {
    const price = market.centre + directionOf(side);
    const who = { account: taker, clientOrderId: 'take' };
    return place(pair, who, { side: opposite(side), price, lots: market.lots, timeInForce: 'IOC' });
  }
  const clientOrderId = nameOf(move.order);
  if (move.act === 'CANCEL') {
    const body = { account: maker, orderId: null, market: market.market, clientOrderId };
    return { kind: 'CANCEL_ORDER', body };
  }
  const atTouch: Shape = { side, price: market.centre + directionOf(side), lots: TRADES * market.lots };
  return place(
    pair,
    { account: maker, clientOrderId },
    move.order === TOUCH ? atTouch : awayOf(pair, move.order),
  );
}

function nameOf(order: number): string {
  return `rest-${order}`;
}

interface Shape {
  side: Side;
  price: number;
  lots: number;
  timeInForce?: TimeInForce;
}

/** On both sides in turn, on levels that differ from pair to pair. */
function awayOf({ maker, market }: Pair, order: number): Shape {
  const side: Side = order % 2 === 0 ? 'SELL' : 'BUY';
  const level = 2 + ((maker * 7 + order * 13) % LEVELS);
  return { side, price: market.centre + level * directionOf(side), lots: market.lots };
}

function place(
  { market }: Pair,
  who: { account: number; clientOrderId: string },
  { side, price, lots, timeInForce = 'GTC' }: Shape,
): Command {
  return {
    kind: 'PLACE_ORDER',
    body: {
      ...who,
      market: market.market,
      side,
      type: 'LIMIT',
      timeInForce,
      selfTradePrevention: 'EXPIRE_MAKER',
      price,
      quantity: lots,
      quoteQuantity: null,
    },
  };
}

/** Sells rest above the centre. */
function directionOf(side: Side): 1 | -1 {
  return side === 'SELL' ? 1 : -1;
}

function opposite(side: Side): Side {
  return side === 'SELL' ? 'BUY' : 'SELL';
}
