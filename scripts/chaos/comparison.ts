/**
 * When all is quiet: what the clients remember and the streams told, beside what the API answers and Postgres holds.
 */
import { isOpen } from '../../shared/domain/orders.js';
import { toUnits } from '../../shared/domain/units.js';
import { allPages } from '../client/pages.js';
import {
  type Fill,
  follows,
  isSameFill,
  type OrderAnswer,
  type RememberedOrder,
  type RememberedTransfer,
} from './memory.js';
import type { Stored, TransferEntry } from './stored.js';
import type { Depth, StreamReader, StreamTrade } from './streams.js';
import type { Trader } from './trader.js';

export interface Finding {
  readonly kind: 'LOST' | 'DOUBLED' | 'CONTRADICTION';
  readonly what: string;
}

export class Comparison {
  readonly findings: Finding[] = [];
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  contradict(what: string): void {
    this.#find('CONTRADICTION', what);
  }

  async compareTrader(trader: Trader): Promise<void> {
    for (const what of trader.memory.contradictions) this.contradict(what);
    const orders = await this.#orders(trader);
    const transfers = await this.#transfers(trader);
    this.#compareOrders(trader, orders);
    this.#compareTransfers(trader, transfers);
    await this.#compareBalances(trader, orders, transfers);
  }

  /** @param depth of the reader's api @param trades all of the market that are stored */
  compareStream(reader: StreamReader, depth: Depth, trades: ReadonlyMap<number, StreamTrade>): void {
    const name = `${reader.market} at ${reader.address}`;
    for (const what of reader.contradictions) this.contradict(what);
    const difference = reader.differenceFrom(depth);
    if (difference !== undefined) this.contradict(`${name}: ${difference}`);
    this.#compareSame(`${name}: updateId`, this.#stored.market(reader.market).updateId, depth.lastUpdateId);
    for (const [tradeId, trade] of reader.trades)
      this.#compareSame(`${name}: trade ${tradeId}`, trades.get(tradeId), trade);
  }

  /** All of an account, in which the API and Postgres must agree. */
  async #orders(trader: Trader): Promise<OrderAnswer[]> {
    const stored = await this.#stored.orders(trader.account);
    const answered = await allPages(place => trader.call('orderHistory', place));
    const open = await trader.call('openOrders', {});
    this.#compareLists(`orders of ${trader.name}`, stored, answered.map(withoutFills));
    const storedOpen = stored.filter(({ status }) => isOpen(status)).reverse();
    this.#compareLists(`open orders of ${trader.name}`, storedOpen, open.map(withoutFills));
    return answered;
  }

  #compareOrders({ memory }: Trader, found: readonly OrderAnswer[]): void {
    const byName = grouped(found, ({ clientOrderId }) => clientOrderId);
    for (const [name, same] of byName)
      if (!memory.orders.has(name)) this.contradict(`nobody placed ${JSON.stringify(same)}`);
    for (const [name, order] of memory.orders) this.#compareOrder(order, byName.get(name) ?? []);
  }

  #compareOrder(order: RememberedOrder, found: readonly OrderAnswer[]): void {
    const { outcome, seen, cancels } = order;
    const asked = `${JSON.stringify(order.request)}, ${outcome}`;
    const [there] = found;
    if (found.length > 1) this.#find('DOUBLED', `${asked}: ${JSON.stringify(found)}`);
    if (there === undefined) {
      if (outcome === 'ACKNOWLEDGED') this.#find('LOST', `${asked}: ${JSON.stringify(seen)}`);
      return;
    }
    const differs = (what: string) => this.contradict(`${asked}: ${what}: ${JSON.stringify(there)}`);
    if (outcome !== 'ACKNOWLEDGED') differs('there');
    if (seen !== undefined && !follows(seen, there)) differs(`after ${JSON.stringify(seen)}`);
    if (order.isOver && isOpen(there.status)) differs('it could not be canceled, but is open');
    if (there.status === 'CANCELED' && !cancels.has('ACKNOWLEDGED') && !cancels.has('UNKNOWN'))
      differs('nobody canceled it');
    this.#compareFills(order, there, asked);
  }

  #compareFills({ fills }: RememberedOrder, there: OrderAnswer, asked: string): void {
    const stored = new Map(there.fills!.map(fill => [fill.tradeId, fill]));
    const isMissing = (fill: Fill) => {
      const same = stored.get(fill.tradeId);
      return same === undefined || !isSameFill(fill, same);
    };
    const missing = fills.filter(isMissing);
    if (missing.length > 0) this.#find('LOST', `${asked}: fills ${JSON.stringify(missing)}`);
    const { quantityDecimals } = this.#stored.scale(there.market);
    const filled = sum(there.fills!.map(({ quantity }) => toUnits(quantity, quantityDecimals)!));
    this.#compareSame(`${asked}: sum of its fills`, filled, toUnits(there.filledQuantity, quantityDecimals));
  }

  /** All of an account, in which the API and Postgres must agree. */
  async #transfers(trader: Trader): Promise<TransferEntry[]> {
    const stored = await this.#stored.transfers(trader.account);
    const entries = await allPages(place => trader.call('ledgerHistory', place));
    const answered = entries
      .filter(({ type }) => type === 'DEPOSIT' || type === 'WITHDRAWAL')
      .map(({ ledgerId, asset, amount, type, reference }) => ({ ledgerId, asset, amount, type, reference }));
    this.#compareLists(`transfers of ${trader.name}`, stored, answered);
    return answered;
  }

  #compareTransfers({ memory }: Trader, found: readonly TransferEntry[]): void {
    const byKey = grouped(found, ({ reference }) => reference);
    for (const [key, same] of byKey)
      if (key === null || !memory.transfers.has(key))
        this.contradict(`nobody asked for ${JSON.stringify(same)}`);
    for (const [key, transfer] of memory.transfers) this.#compareTransfer(transfer, byKey.get(key) ?? []);
  }

  #compareTransfer(
    { request, outcome, ledgerId }: RememberedTransfer,
    found: readonly TransferEntry[],
  ): void {
    const asked = `${JSON.stringify(request)}, ${outcome}`;
    const [made] = found;
    if (found.length > 1) this.#find('DOUBLED', `${asked}: ${JSON.stringify(found)}`);
    if (made === undefined) {
      if (outcome === 'ACKNOWLEDGED') this.#find('LOST', `${asked}: ledgerId ${ledgerId}`);
      return;
    }
    if (outcome === 'REFUSED' || outcome === 'NOT_QUEUED')
      this.contradict(`${asked}: there: ${JSON.stringify(made)}`);
    if (ledgerId !== undefined) this.#compareSame(`${asked}: ledgerId`, made.ledgerId, ledgerId);
    const units = (amount: string) => toUnits(amount, this.#stored.decimals(request.asset));
    this.#compareSame(`${asked}: amount`, units(made.amount.replace('-', '')), units(request.amount));
  }

  /** A balance is the sum of the own transfers and fills: the fresh exchange takes no fees. */
  async #compareBalances(
    trader: Trader,
    orders: readonly OrderAnswer[],
    transfers: readonly TransferEntry[],
  ): Promise<void> {
    const { balances } = await trader.call('profile', {});
    const held = balances.filter(({ available, locked }) => /[1-9]/.test(available + locked));
    const byName = held.sort((a, b) => (a.asset < b.asset ? -1 : 1));
    this.#compareLists(`balances of ${trader.name}`, await this.#stored.balances(trader.account), byName);
    for (const { asset, available, locked } of balances) {
      const moved = transfers
        .filter(transfer => transfer.asset === asset)
        .map(({ amount }) => this.#signedUnits(amount, asset));
      const traded = orders.map(order => this.#traded(order, asset));
      const has = this.#signedUnits(available, asset) + this.#signedUnits(locked, asset);
      this.#compareSame(`${asset} of ${trader.name}`, sum([...moved, ...traded]), has);
    }
  }

  /** What an order's fills did to an asset. */
  #traded({ market, side, filledQuantity, filledQuote }: OrderAnswer, asset: string): bigint {
    const { base, quote } = this.#stored.market(market);
    const sign = side === 'BUY' ? 1n : -1n;
    if (asset === base) return sign * this.#signedUnits(filledQuantity, asset);
    return asset === quote ? -sign * this.#signedUnits(filledQuote, asset) : 0n;
  }

  #signedUnits(amount: string, asset: string): bigint {
    const units = toUnits(amount.replace('-', ''), this.#stored.decimals(asset))!;
    return amount.startsWith('-') ? -units : units;
  }

  #compareLists(what: string, stored: readonly object[], answered: readonly object[]): void {
    this.#compareSame(`${what}: how many`, stored.length, answered.length);
    const place = stored.findIndex((item, index) => textOf(item) !== textOf(answered[index]));
    if (place >= 0) this.#compareSame(`${what}: the first difference`, stored[place], answered[place]);
  }

  #compareSame(what: string, stored: unknown, answered: unknown): void {
    const [one, other] = [textOf(stored), textOf(answered)];
    if (one !== other) this.contradict(`${what}: stored ${one}, told ${other}`);
  }

  #find(kind: Finding['kind'], what: string): void {
    this.findings.push({ kind, what });
  }
}

function withoutFills({ fills, ...order }: OrderAnswer): Omit<OrderAnswer, 'fills'> {
  return order;
}

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)) ?? 'nothing';
}
