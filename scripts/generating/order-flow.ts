/**
 * What many accounts send: first their deposits, then orders and cancels that keep so many orders resting: 55 % limit
 * orders, 5 % market orders, 10 % IOC, 30 % cancels. The same seed and the same outcomes give the same commands.
 */
import type { Command, PlaceOrder } from '../../shared/domain/commands.js';
import { FIRST_USER, type Order } from '../../shared/domain/entities.js';
import { isOpen, SIDES, type Side } from '../../shared/domain/orders.js';
import { Random } from '../random.js';

/** So much for each account, in smallest units: more than all its open orders need. */
const FUNDS = [
  ['BTC', 10n ** 9n],
  ['ETH', 10n ** 10n],
  ['ADA', 10n ** 11n],
  ['USDT', 10n ** 13n],
] as const;
export const DEPOSITS_PER_ACCOUNT = FUNDS.length;
/** One account of so many has idempotency keys that still hold. */
const KEYED_ACCOUNTS = 100;
/** As many as an asset's total has room for, which is below 2^62. */
export const MAX_ACCOUNTS = 400_000;

/** Orders rest within so many ticks of the centre, and are of 1 to 10 times so many lots: 5 to 50 USDT. */
const MARKETS = [
  { market: 'BTC_USDT', centre: 5_000_000, ticks: 20_000, lots: 10 },
  { market: 'ETH_USDT', centre: 250_000, ticks: 10_000, lots: 20 },
  { market: 'ADA_USDT', centre: 4_000, ticks: 1_000, lots: 125 },
] as const;

/** A cancel is for one of the orders that were placed last; what is older waits for a taker. */
const RECENT_ORDERS = 5000;

export interface FlowShape {
  accounts: number;
  /** Orders to keep resting. */
  resting: number;
  /** 1 to 2^31 - 2. */
  seed: number;
}

/** Passive orders rest, the others take. */
type Style = 'PASSIVE' | 'CROSSING' | 'IOC' | 'MARKET';

export class OrderFlow {
  readonly #shape: FlowShape;
  readonly #random: Random;
  readonly #open = new OpenOrders();
  #deposited = 0;
  #ended = 0;
  #placed = 0;

  constructor(shape: FlowShape) {
    this.#shape = shape;
    this.#random = new Random(shape.seed);
  }

  get deposited(): number {
    return this.#deposited;
  }

  get open(): number {
    return this.#open.count;
  }

  get ended(): number {
    return this.#ended;
  }

  /** Learns what became of an order. */
  hear({ orderId, account, status }: Order): void {
    if (isOpen(status)) {
      this.#open.add(orderId, account);
    } else {
      this.#open.delete(orderId);
      this.#ended++;
    }
  }

  /** One more, account by account and asset by asset. */
  deposit(): Command {
    const [asset, amount] = FUNDS[this.#deposited % FUNDS.length]!;
    const index = Math.floor(this.#deposited++ / FUNDS.length);
    const key = index % KEYED_ACCOUNTS === 0 ? `first-${asset}` : null;
    return { kind: 'DEPOSIT', body: { account: FIRST_USER + index, asset, amount, key } };
  }

  /** One more order that rests. */
  passive(): Command {
    return this.#order('PASSIVE');
  }

  next(): Command {
    const percent = this.#random.below(100);
    if (percent < 30 && this.open > 0) return this.#cancel();
    if (percent < 40) return this.#order('IOC');
    if (percent < 45) return this.#order('MARKET');
    const percentPassive = this.open < this.#shape.resting ? 98 : 80;
    return this.#order(this.#random.below(100) < percentPassive ? 'PASSIVE' : 'CROSSING');
  }

  #cancel(): Command {
    const { orderId, account } = this.#open.at(
      this.open - 1 - this.#random.below(Math.min(this.open, RECENT_ORDERS)),
    );
    return { kind: 'CANCEL_ORDER', body: { account, orderId, market: null, clientOrderId: null } };
  }

  #order(style: Style): Command {
    const { market, centre, ticks, lots } = this.#random.of(MARKETS);
    const side = this.#random.of(SIDES);
    const isMarket = style === 'MARKET';
    const body: PlaceOrder = {
      account: FIRST_USER + this.#random.below(this.#shape.accounts),
      market,
      clientOrderId: `order-${++this.#placed}`,
      side,
      type: isMarket ? 'MARKET' : 'LIMIT',
      timeInForce: isMarket || style === 'IOC' ? 'IOC' : 'GTC',
      selfTradePrevention: 'EXPIRE_MAKER',
      price: isMarket ? null : centre + this.#distance(ticks) * directionOf(side, style),
      quantity: lots + this.#random.below(9 * lots),
      quoteQuantity: null,
    };
    return { kind: 'PLACE_ORDER', body };
  }

  /** Most are near. */
  #distance(ticks: number): number {
    return 1 + Math.min(this.#random.below(ticks), this.#random.below(ticks), this.#random.below(ticks));
  }
}

/** Passive orders stand on their own side of the centre, the others reach beyond it. */
function directionOf(side: Side, style: Style): 1 | -1 {
  return (side === 'BUY') === (style === 'PASSIVE') ? -1 : 1;
}

/** Open orders to choose from, about by age. */
class OpenOrders {
  readonly #orders: { orderId: number; account: number }[] = [];
  readonly #places = new Map<number, number>();

  get count(): number {
    return this.#orders.length;
  }

  at(place: number): { orderId: number; account: number } {
    return this.#orders[place]!;
  }

  add(orderId: number, account: number): void {
    if (this.#places.has(orderId)) return;
    this.#places.set(orderId, this.#orders.push({ orderId, account }) - 1);
  }

  delete(orderId: number): void {
    const place = this.#places.get(orderId);
    if (place === undefined) return;
    this.#places.delete(orderId);
    const last = this.#orders.pop()!;
    if (last.orderId === orderId) return;
    this.#orders[place] = last;
    this.#places.set(last.orderId, place);
  }
}
