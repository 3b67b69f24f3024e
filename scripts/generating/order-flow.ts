/**
 * What many accounts send: first their deposits, then orders and cancels that keep so many orders resting: 55 % limit
 * orders, 5 % market orders, 10 % IOC, 30 % cancels. The same seed and the same outcomes give the same commands.
 */
import type { Command, PlaceOrder } from '../../shared/domain/commands.js';
import { FIRST_USER, type Order } from '../../shared/domain/entities.js';
import { GENESIS } from '../../shared/domain/genesis.js';
import { isOpen, SIDES, type Side } from '../../shared/domain/orders.js';
import { Random } from '../random.js';

/** An account trades in so many markets. */
const MARKETS_PER_ACCOUNT = 3;
/** Each market's base, and USDT. */
export const DEPOSITS_PER_ACCOUNT = MARKETS_PER_ACCOUNT + 1;
/** One account of so many has idempotency keys that still hold. */
const KEYED_ACCOUNTS = 100;
/** As many as an asset's total has room for, which is below 2^62. */
export const MAX_ACCOUNTS = 400_000;
export const MIN_MARKETS = 3;
export const MAX_MARKETS = 999;

interface Market {
  base: string;
  centre: number;
  /** Orders rest within so many of the centre. */
  ticks: number;
  /** Orders are of 1 to 10 times so many: 5 to 50 USDT. */
  lots: number;
  /** For each account, in smallest units: more than all its open orders need. */
  funds: bigint;
}

const QUOTE = 'USDT';
const QUOTE_FUNDS = 10n ** 13n;
/** Those of a fresh exchange. */
const FIRST_MARKETS: readonly Market[] = [
  { base: 'BTC', centre: 5_000_000, ticks: 20_000, lots: 10, funds: 10n ** 9n },
  { base: 'ETH', centre: 250_000, ticks: 10_000, lots: 20, funds: 10n ** 10n },
  { base: 'ADA', centre: 4_000, ticks: 1_000, lots: 125, funds: 10n ** 11n },
];
/** The model of all further ones. */
const [, ETHER] = FIRST_MARKETS as [Market, Market, Market];

/** A cancel is for one of the orders that were placed last; what is older waits for a taker. */
const RECENT_ORDERS = 5000;

export interface FlowShape {
  accounts: number;
  markets: number;
  /** Orders to keep resting. */
  resting: number;
  /** 1 to 2^31 - 2. */
  seed: number;
}

/** Passive orders rest, the others take. */
type Style = 'PASSIVE' | 'CROSSING' | 'IOC' | 'MARKET';

/** What the markets beyond those of a fresh exchange need. @param markets in all */
export function furtherMarkets(markets: number): Command[] {
  const model = GENESIS.find(({ kind, body }) => kind === 'CREATE_MARKET' && body.base === ETHER.base);
  const { body } = model as Extract<Command, { kind: 'CREATE_MARKET' }>;
  return furtherBases(markets).flatMap((base): Command[] => [
    { kind: 'CREATE_ASSET', body: { asset: base, decimals: 8 } },
    { kind: 'CREATE_MARKET', body: { ...body, market: `${base}_${QUOTE}`, base } },
  ]);
}

function furtherBases(markets: number): string[] {
  const further = Array.from({ length: markets }, (_, index) => `B${String(index + 1).padStart(3, '0')}`);
  return further.slice(FIRST_MARKETS.length);
}

export class OrderFlow {
  readonly #shape: FlowShape;
  readonly #random: Random;
  readonly #markets: readonly Market[];
  readonly #open = new OpenOrders();
  #deposited = 0;
  #ended = 0;
  #placed = 0;

  constructor(shape: FlowShape) {
    this.#shape = shape;
    this.#random = new Random(shape.seed);
    this.#markets = [...FIRST_MARKETS, ...furtherBases(shape.markets).map(base => ({ ...ETHER, base }))];
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
    const index = Math.floor(this.#deposited / DEPOSITS_PER_ACCOUNT);
    const place = this.#deposited++ % DEPOSITS_PER_ACCOUNT;
    const { base, funds } = this.#marketOf(index, place);
    const [asset, amount] = place < MARKETS_PER_ACCOUNT ? [base, funds] : [QUOTE, QUOTE_FUNDS];
    const key = index % KEYED_ACCOUNTS === 0 ? `first-${asset}` : null;
    return { kind: 'DEPOSIT', body: { account: FIRST_USER + index, asset, amount, key } };
  }

  /** Where an account trades. @param index its own @param place of the market among the account's */
  #marketOf(index: number, place: number): Market {
    return this.#markets[(index * MARKETS_PER_ACCOUNT + place) % this.#markets.length]!;
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
    const index = this.#random.below(this.#shape.accounts);
    const { base, centre, ticks, lots } = this.#marketOf(index, this.#random.below(MARKETS_PER_ACCOUNT));
    const side = this.#random.of(SIDES);
    const isMarket = style === 'MARKET';
    const body: PlaceOrder = {
      account: FIRST_USER + index,
      market: `${base}_${QUOTE}`,
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
