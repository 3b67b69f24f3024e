/**
 * `node --expose-gc memory-child <run>`: does one run and prints what memory was in use at its stations, in bytes. In a
 * process of its own, so that nothing else is in the figures.
 */
import { Exchange } from '../engine/core/exchange.js';
import { OrderBook } from '../engine/core/order-book.js';
import { OrderSlots } from '../engine/core/order-slots.js';
import type { Command, CreateMarket, PlaceOrder } from '../shared/domain/commands.js';
import { FIRST_USER } from '../shared/domain/entities.js';

/** Orders that rest while others come and go. */
const FEW = 1000;
const BOOK_ORDERS = 10_000_000;
const EXCHANGE_ORDERS = 1_000_000;
const BOOK_CROWD = 1_000_000;
const EXCHANGE_CROWD = 250_000;
/** Shares no factor with the numbers of orders. */
const STRIDE = 7919;
const LEVELS = 500;
const ACCOUNTS = 1000;
/** What the engine takes at most. */
const BATCH = 512;
const TIMING = { time: 1, deadline: 1 };
const TERMS: CreateMarket = {
  market: 'BTC_USDT',
  base: 'BTC',
  quote: 'USDT',
  priceDecimals: 0,
  tickSize: 1,
  lotSize: 1n,
  minQuantity: 1,
  maxQuantity: 10,
  minPrice: 1,
  maxPrice: 10_000,
  minNotional: 1n,
  maxOpenOrders: EXCHANGE_CROWD / ACCOUNTS,
  makerFee: 0,
  takerFee: 0,
  status: 'TRADING',
};

/** Where orders are placed and cancelled. */
interface Venue {
  /** The order of that number, and what it is known by. */
  place: (count: number) => number;
  cancel: (order: number, count: number) => void;
  /** Nothing is under way after it: the batch ends. */
  settle: () => void;
}

export interface ChurnFigures {
  orders: number;
  afterAQuarter: number;
  atTheEnd: number;
}

export interface CrowdFigures {
  orders: number;
  empty: number;
  full: number;
  emptied: number;
  fullAgain: number;
}

const RUNS: Readonly<Record<string, () => ChurnFigures | CrowdFigures>> = {
  'churn book': () => churn(bookVenue(), BOOK_ORDERS),
  'churn exchange': () => churn(exchangeVenue(), EXCHANGE_ORDERS),
  'crowd book': () => crowd(bookVenue(), BOOK_CROWD),
  'crowd exchange': () => crowd(exchangeVenue(), EXCHANGE_CROWD),
};

console.log(JSON.stringify(RUNS[process.argv[2]!]!()));

/** Places so many orders, and cancels each when a thousand younger ones rest. */
function churn(venue: Venue, orders: number): ChurnFigures {
  const resting = new Float64Array(FEW);
  let afterAQuarter = 0;
  for (let count = 0; count < orders; count++) {
    if (count >= FEW) venue.cancel(resting[count % FEW]!, count - FEW);
    resting[count % FEW] = venue.place(count);
    if (count === orders / 4) afterAQuarter = bytesInUse(venue);
  }
  return { orders, afterAQuarter, atTheEnd: bytesInUse(venue) };
}

/** So many orders rest, are cancelled in another order than they came in, and rest again. */
function crowd(venue: Venue, orders: number): CrowdFigures {
  const known = new Float64Array(orders);
  const fill = () => {
    for (let count = 0; count < orders; count++) known[count] = venue.place(count);
    return bytesInUse(venue);
  };
  const empty = bytesInUse(venue);
  const full = fill();
  for (let step = 0; step < orders; step++) {
    const count = (step * STRIDE) % orders;
    venue.cancel(known[count]!, count);
  }
  return { orders, empty, full, emptied: bytesInUse(venue), fullAgain: fill() };
}

/** The heap and the typed arrays, which are outside of it. */
function bytesInUse(venue: Venue): number {
  venue.settle();
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function sideOf(count: number): 'BUY' | 'SELL' {
  return count % 2 === 0 ? 'BUY' : 'SELL';
}

/** On levels that do not cross. */
function priceOf(count: number): number {
  const away = 1 + ((count * 37) % LEVELS);
  return sideOf(count) === 'BUY' ? 1000 - away : 1000 + away;
}

function accountOf(count: number): number {
  return FIRST_USER + (count % ACCOUNTS);
}

function bookVenue(): Venue {
  const orders = new OrderSlots();
  const book = new OrderBook(orders);
  return {
    place: count => {
      const order = orders.take(accountOf(count), 1 + (count % 9));
      book.add(order, sideOf(count), priceOf(count));
      return order;
    },
    cancel: order => {
      book.remove(order);
      orders.free(order);
    },
    settle: () => {},
  };
}

function exchangeVenue(): Venue {
  const exchange = new Exchange(() => {});
  const execute = (command: Command): number => {
    const answer = exchange.execute(command, TIMING);
    if (answer.kind === 'REFUSED') throw new Error(`${command.kind} refused: ${answer.reject.code}`);
    if (exchange.sequence % BATCH === 0) exchange.endBatch();
    return exchange.sequence;
  };
  for (const command of listing()) execute(command);
  return {
    place: count => execute({ kind: 'PLACE_ORDER', body: orderOf(count) }),
    cancel: (orderId, count) => {
      const body = { account: accountOf(count), orderId, market: null, clientOrderId: null };
      execute({ kind: 'CANCEL_ORDER', body });
    },
    settle: () => exchange.endBatch(),
  };
}

function listing(): Command[] {
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => FIRST_USER + index);
  return [
    { kind: 'CREATE_ASSET', body: { asset: 'BTC', decimals: 0 } },
    { kind: 'CREATE_ASSET', body: { asset: 'USDT', decimals: 0 } },
    { kind: 'CREATE_MARKET', body: TERMS },
    ...accounts.flatMap(account =>
      ['BTC', 'USDT'].map(
        (asset): Command => ({ kind: 'DEPOSIT', body: { account, asset, amount: 10n ** 12n, key: null } }),
      ),
    ),
  ];
}

function orderOf(count: number): PlaceOrder {
  return {
    account: accountOf(count),
    market: TERMS.market,
    clientOrderId: `order-${count}`,
    side: sideOf(count),
    type: 'LIMIT',
    timeInForce: 'GTC',
    selfTradePrevention: 'EXPIRE_MAKER',
    price: priceOf(count),
    quantity: 1 + (count % 9),
    quoteQuantity: null,
  };
}
