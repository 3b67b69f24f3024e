/**
 * A stream of orders and cancels that keeps so many orders resting: 55 % limit orders, 5 % market orders, 10 % IOC,
 * 30 % cancels. The same seed and the same outcomes give the same commands.
 */
import type { Images } from '../../shared/domain/codec.js';
import type { Command, CreateMarket, PlaceOrder } from '../../shared/domain/commands.js';
import { FIRST_USER, type MarketLimits } from '../../shared/domain/entities.js';
import { isOpen, type SelfTradePrevention, SIDES, type Side } from '../../shared/domain/orders.js';

export const ACCOUNTS = 1_000;
const CENTRE = 10_000;
const MAX_LOTS = 100;
const FUNDS = 10n ** 15n;
/** Room of the flow's own arrays. An order is over long before so many commands have come after it. */
const MAX_OPEN = 2 ** 20;
const MAX_AGE = 2 ** 24;

export interface FlowShape {
  markets: number;
  /** On each side of the centre. Takers keep those nearest to it empty: a quarter of them, after a while. */
  prices: number;
  /** Orders to keep resting. */
  resting: number;
  selfTradePrevention: SelfTradePrevention;
}

/** Four markets, of which each has orders on about 200 levels. */
export function fourMarkets(resting: number): FlowShape {
  return { markets: 4, prices: 143, resting, selfTradePrevention: 'EXPIRE_MAKER' };
}

/** What orders need to exist: assets, markets with fees, and money for everybody. */
export function foundation(
  size: { markets: number; accounts: number },
  limits?: Partial<MarketLimits>,
): Command[] {
  const bases = Array.from({ length: size.markets }, (_, index) => `B${index}`);
  const assets = [...bases, 'USDT'];
  const accounts = Array.from({ length: size.accounts }, (_, index) => FIRST_USER + index);
  return [
    ...assets.map((asset): Command => ({ kind: 'CREATE_ASSET', body: { asset, decimals: 8 } })),
    ...bases.map((base): Command => ({ kind: 'CREATE_MARKET', body: { ...marketOf(base), ...limits } })),
    ...accounts.flatMap(account =>
      assets.map(
        (asset): Command => ({ kind: 'DEPOSIT', body: { account, asset, amount: FUNDS, key: null } }),
      ),
    ),
  ];
}

function marketOf(base: string): CreateMarket {
  return {
    market: `${base}_USDT`,
    base,
    quote: 'USDT',
    priceDecimals: 2,
    tickSize: 1,
    lotSize: 1_000n,
    minQuantity: 1,
    maxQuantity: 1_000_000,
    minPrice: 1,
    maxPrice: 1_000_000,
    minNotional: 1n,
    maxOpenOrders: 1_000,
    makerFee: 100_000,
    takerFee: 200_000,
    status: 'TRADING',
  };
}

export function marketNames(markets: number): string[] {
  return Array.from({ length: markets }, (_, index) => `B${index}_USDT`);
}

/** Passive orders rest, the others take. */
type Style = 'PASSIVE' | 'CROSSING' | 'IOC' | 'MARKET';

export class OrderFlow {
  readonly #shape: FlowShape;
  readonly #markets: string[];
  readonly #open = new OpenOrders();
  readonly #draw = drawing();
  #placed = 0;

  constructor(shape: FlowShape) {
    this.#shape = shape;
    this.#markets = marketNames(shape.markets);
  }

  get openOrders(): number {
    return this.#open.count;
  }

  /** Learns which orders are open. */
  hear({ order: orders }: Images): void {
    for (const { orderId, account, status } of orders) {
      if (isOpen(status)) this.#open.add(orderId, account);
      else this.#open.delete(orderId);
    }
  }

  /** One more to fill the books with. */
  passive(): Command {
    return this.#order('PASSIVE');
  }

  next(): Command {
    const percent = this.#draw(100);
    if (percent < 30) return this.#cancel();
    if (percent < 40) return this.#order('IOC');
    if (percent < 45) return this.#order('MARKET');
    const percentPassive = this.#open.count < this.#shape.resting ? 98 : 80;
    return this.#order(this.#draw(100) < percentPassive ? 'PASSIVE' : 'CROSSING');
  }

  nextBatch(commands: number): Command[] {
    return Array.from({ length: commands }, () => this.next());
  }

  #cancel(): Command {
    const { orderId, account } = this.#open.take(this.#draw(this.#open.count));
    return { kind: 'CANCEL_ORDER', body: { account, orderId, market: null, clientOrderId: null } };
  }

  #order(style: Style): Command {
    const side = SIDES[this.#draw(2)]!;
    const isMarket = style === 'MARKET';
    const body: PlaceOrder = {
      account: FIRST_USER + this.#draw(ACCOUNTS),
      market: this.#markets[this.#draw(this.#markets.length)]!,
      // Up to 12 characters V8 makes it in one piece, as it is when it was decoded.
      clientOrderId: `ord-${++this.#placed}`,
      side,
      type: isMarket ? 'MARKET' : 'LIMIT',
      timeInForce: isMarket || style === 'IOC' ? 'IOC' : 'GTC',
      selfTradePrevention: this.#shape.selfTradePrevention,
      price: isMarket ? null : this.#price(side, style),
      quantity: 1 + this.#draw(MAX_LOTS),
      quoteQuantity: null,
    };
    return { kind: 'PLACE_ORDER', body };
  }

  /** Passive orders stand on their own side of the centre, the others reach beyond it. */
  #price(side: Side, style: Style): number {
    const distance = 1 + this.#draw(this.#shape.prices);
    const away = style === 'PASSIVE' ? distance : -distance;
    return side === 'BUY' ? CENTRE - away : CENTRE + away;
  }
}

/** Numbers from 0 to `below - 1`, always the same ones: Marsaglia's xorshift. In an array, a number needs no object. */
export function drawing(): (below: number) => number {
  const state = Uint32Array.of(23);
  return below => {
    let random = state[0]!;
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    state[0] = random;
    return (random >>> 0) % below;
  };
}

/** Open orders to choose from, in arrays: the measured exchange shares its heap with the flow. */
class OpenOrders {
  count = 0;
  readonly #orderIds = new Float64Array(MAX_OPEN);
  readonly #accounts = new Float64Array(MAX_OPEN);
  /** By order id modulo its size: one more than the place in the arrays, 0 where it is in none. */
  readonly #places = new Int32Array(MAX_AGE);

  add(orderId: number, account: number): void {
    const place = this.#places[orderId % MAX_AGE]!;
    if (place === 0) this.#append(orderId, account);
    else if (this.#orderIds[place - 1] !== orderId)
      throw new Error(`an order is older than ${MAX_AGE} commands`);
  }

  #append(orderId: number, account: number): void {
    this.#orderIds[this.count] = orderId;
    this.#accounts[this.count] = account;
    this.#places[orderId % MAX_AGE] = ++this.count;
  }

  delete(orderId: number): void {
    const place = this.#places[orderId % MAX_AGE]!;
    if (place !== 0) this.take(place - 1);
  }

  take(index: number): { orderId: number; account: number } {
    const taken = { orderId: this.#orderIds[index]!, account: this.#accounts[index]! };
    this.count--;
    const last = this.#orderIds[this.count]!;
    this.#orderIds[index] = last;
    this.#accounts[index] = this.#accounts[this.count]!;
    this.#places[last % MAX_AGE] = index + 1;
    this.#places[taken.orderId % MAX_AGE] = 0;
    return taken;
  }
}
