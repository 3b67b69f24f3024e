/**
 * A long session of hundreds of accounts in a few crowded markets, with everything that can be asked of the exchange.
 * The same seed gives the same commands: nothing in them depends on what becomes of those before.
 */
import { Random } from '../scripts/random.js';
import type { Command, CreateMarket, PlaceOrder } from '../shared/domain/commands.js';
import { FIRST_USER } from '../shared/domain/entities.js';
import { SELF_TRADE_PREVENTIONS, SIDES } from '../shared/domain/orders.js';
import type { Input } from './recorded.js';
import { NO_CHANGE } from './script-markets.js';

const ACCOUNTS = 300;
const QUOTE = 'USDT';
const BASES = ['AAA', 'BBB', 'CCC', 'DDD'] as const;
const CENTRE = 1000;
const FUNDS = 10n ** 8n;
const REPLY_TIMEOUT_MS = 1000;
const WEEK_MS = 7 * 24 * 3600 * 1000;

type Form = Pick<PlaceOrder, 'type' | 'timeInForce' | 'price' | 'quantity' | 'quoteQuantity'>;
type Placed = PlaceOrder & { orderId: number };

/** @param seed 1 to 2^31 - 2 */
export function longSession(length: number, seed: number): Input[] {
  const random = new Random(seed);
  const placed: Placed[] = [];
  const commands = listing();
  while (commands.length < length) {
    const command = nextCommand(random, placed);
    commands.push(command);
    if (command.kind === 'PLACE_ORDER') placed.push({ ...command.body, orderId: commands.length });
  }
  let time = 1_700_000_000_000;
  return commands.map(command => {
    time += random.oneIn(2000) ? WEEK_MS / 2 : random.below(3);
    return { command, timing: { time, deadline: time + (random.oneIn(200) ? -1 : REPLY_TIMEOUT_MS) } };
  });
}

function listing(): Command[] {
  const assets = [...BASES, QUOTE];
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => FIRST_USER + index);
  return [
    ...assets.map((asset): Command => ({ kind: 'CREATE_ASSET', body: { asset, decimals: 2 } })),
    ...BASES.map((base, index): Command => ({ kind: 'CREATE_MARKET', body: marketOf(base, index) })),
    ...accounts.flatMap(account =>
      assets.map(
        (asset): Command => ({ kind: 'DEPOSIT', body: { account, asset, amount: FUNDS, key: null } }),
      ),
    ),
  ];
}

/** Odd ticks, lots and fees, another in each market. */
function marketOf(base: string, index: number): CreateMarket {
  return {
    market: `${base}_${QUOTE}`,
    base,
    quote: QUOTE,
    priceDecimals: 2,
    tickSize: [1, 3, 7, 5][index]!,
    lotSize: [100n, 300n, 100n, 1100n][index]!,
    minQuantity: 1,
    maxQuantity: 1000,
    minPrice: 1,
    maxPrice: 10 * CENTRE,
    minNotional: 1000n,
    maxOpenOrders: 20,
    makerFee: [0, 1_000_000, 99_999_999, 12_345][index]!,
    takerFee: [123_456, 33_333_333, 1, 0][index]!,
    status: 'TRADING',
  };
}

function nextCommand(random: Random, placed: readonly Placed[]): Command {
  const share = random.below(1000);
  if (share < 700 || placed.length === 0) return { kind: 'PLACE_ORDER', body: order(random, placed) };
  if (share < 900) return cancel(random, placed);
  if (share < 910) return cancelAll(random);
  if (share < 980) return transfer(random);
  return share < 983 ? createSomething(random) : update(random);
}

function order(random: Random, placed: readonly Placed[]): PlaceOrder {
  const side = random.of(SIDES);
  return {
    ...(placed.length > 0 && random.oneIn(50)
      ? nameOf(random.of(placed.slice(-100)))
      : newName(random, placed)),
    side,
    selfTradePrevention: random.of(SELF_TRADE_PREVENTIONS),
    ...form(random, side),
  };
}

function newName(random: Random, placed: readonly Placed[]) {
  return { account: account(random), market: market(random), clientOrderId: `order-${placed.length}` };
}

function nameOf({ account, market, clientOrderId }: Placed) {
  return { account, market, clientOrderId };
}

/** Resting orders stand on their own side of the centre, mostly; the others reach beyond it. */
function form(random: Random, side: PlaceOrder['side']): Form {
  const quantity = random.oneIn(100) ? 1001 : 1 + random.below(100);
  const away = (side === 'BUY' ? -1 : 1) * (random.oneIn(200) ? CENTRE : random.below(40));
  const share = random.below(100);
  const limit = { quantity, quoteQuantity: null };
  if (share < 50) return { type: 'LIMIT', timeInForce: 'GTC', price: CENTRE + away, ...limit };
  if (share < 60) return { type: 'LIMIT_MAKER', timeInForce: 'GTC', price: CENTRE + away, ...limit };
  if (share < 70) return { type: 'LIMIT', timeInForce: 'GTC', price: CENTRE - away, ...limit };
  if (share < 78) return { type: 'LIMIT', timeInForce: 'IOC', price: CENTRE - away, ...limit };
  if (share < 86) return { type: 'LIMIT', timeInForce: 'FOK', price: CENTRE - away, ...limit };
  if (share < 93) return { type: 'MARKET', timeInForce: 'IOC', price: null, ...limit };
  const quoteQuantity = BigInt(1 + random.below(1_000_000));
  return { type: 'MARKET', timeInForce: 'IOC', price: null, quantity: null, quoteQuantity };
}

function cancel(random: Random, placed: readonly Placed[]): Command {
  const { orderId, market, clientOrderId, ...order } = random.of(placed.slice(-2000));
  const account = order.account + (random.oneIn(20) ? 1 : 0);
  const body = random.oneIn(2)
    ? { account, orderId: null, market, clientOrderId }
    : { account, orderId, market: null, clientOrderId: null };
  return { kind: 'CANCEL_ORDER', body };
}

function cancelAll(random: Random): Command {
  return {
    kind: 'CANCEL_ALL',
    body: { account: account(random), market: random.oneIn(2) ? market(random) : null },
  };
}

function transfer(random: Random): Command {
  const body = {
    account: account(random),
    asset: random.of([...BASES, QUOTE]),
    amount: random.oneIn(10) ? 10n ** 18n : random.of([1n, 1000n, FUNDS / 2n]),
    key: random.oneIn(3) ? null : `key-${random.below(3)}`,
  };
  return { kind: random.of(['DEPOSIT', 'WITHDRAW']), body };
}

function createSomething(random: Random): Command {
  const number = random.below(30);
  if (random.oneIn(2))
    return { kind: 'CREATE_ASSET', body: { asset: `NEW${number}`, decimals: number % 10 } };
  return {
    kind: 'CREATE_MARKET',
    body: { ...marketOf(`NEW${number}`, number % BASES.length), maxOpenOrders: number % 3 },
  };
}

function update(random: Random): Command {
  const changes = [
    { makerFee: random.below(100_000_001) },
    { takerFee: random.below(1_000_000) },
    { maxOpenOrders: 10 + random.below(20) },
    { minNotional: BigInt(random.below(10_000)) },
    { status: random.of(['TRADING', 'TRADING', 'TRADING', 'CANCEL_ONLY', 'HALT'] as const) },
    { status: 'TRADING' as const },
  ];
  return {
    kind: 'UPDATE_MARKET',
    body: { ...NO_CHANGE, market: market(random), ...random.of<object>(changes) },
  };
}

/** Half of all that happens is of a few accounts, which so meet their own orders and limits. */
function account(random: Random): number {
  return FIRST_USER + random.below(random.oneIn(2) ? 5 : ACCOUNTS);
}

function market(random: Random): string {
  return random.oneIn(500) ? `NEW0_${QUOTE}` : `${random.of(BASES)}_${QUOTE}`;
}
