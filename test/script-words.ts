/** The words of a session's script: names of users and orders, decimals of assets and markets, and their integers. */
import type { Exchange } from '../engine/core/exchange.js';
import { FEES, FIRST_USER, type Market, TREASURY } from '../shared/domain/entities.js';
import {
  fromUnits,
  type MarketScale,
  marketScale,
  toLots,
  toTicks,
  toUnits,
} from '../shared/domain/units.js';

/** Of an asset that does not exist: a script may name one to be refused. */
const DECIMALS_OF_UNKNOWN = 8;
const DEFAULT_MARKET = 'BTC_USDT';

export class Words {
  readonly #accounts = new Map([
    ['treasury', TREASURY],
    ['fees', FEES],
  ]);
  readonly #orderIds = new Map<string, number>();
  readonly #orderNames = new Map<number, string>();
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Users are numbered in the order in which the script names them. */
  account(user: string): number {
    const account = this.#accounts.get(user) ?? FIRST_USER + this.#accounts.size - 2;
    this.#accounts.set(user, account);
    return account;
  }

  user(account: number): string {
    for (const [user, number] of this.#accounts) if (number === account) return user;
    return `account ${account}`;
  }

  nameOrder(orderId: number, name: string): void {
    this.#orderIds.set(name, orderId);
    this.#orderNames.set(orderId, name);
  }

  /** Of the newest order of that name, or of the id itself. */
  orderId(name: string): number {
    const orderId = this.#orderIds.get(name) ?? Number(name);
    if (Number.isNaN(orderId)) throw new Error(`no order ${name}`);
    return orderId;
  }

  orderName(orderId: number): string {
    return this.#orderNames.get(orderId) ?? `order ${orderId}`;
  }

  units(decimal: string, asset: string): bigint {
    return given(toUnits(decimal, this.#decimals(asset)), decimal);
  }

  /** Without the zeros that pad it on the wire. */
  decimal(units: bigint, asset: string): string {
    return unpadded(fromUnits(units, this.#decimals(asset)));
  }

  ticks(price: string, market: string): number {
    return given(toTicks(price, this.scale(market)), price);
  }

  lots(quantity: string, market: string): number {
    return given(toLots(quantity, this.scale(market)), quantity);
  }

  /** Of the default market where there is no such market. */
  scale(market: string): MarketScale {
    const found = this.market(market) ?? this.market(DEFAULT_MARKET)!;
    return this.scaleOf(found);
  }

  scaleOf(market: Market): MarketScale {
    return marketScale(market, { base: this.#decimals(market.base), quote: this.#decimals(market.quote) });
  }

  market(name: string): Market | undefined {
    return this.#catalog().markets.find(({ market }) => market === name);
  }

  #decimals(name: string): number {
    return this.#catalog().assets.find(({ asset }) => asset === name)?.decimals ?? DECIMALS_OF_UNKNOWN;
  }

  #catalog() {
    const answer = this.#exchange.query({ kind: 'CATALOG', body: {} });
    if (answer.kind !== 'CATALOG') throw new Error('no catalog');
    return answer;
  }
}

export function unpadded(decimal: string): string {
  return decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
}

function given<T>(value: T | undefined, decimal: string): T {
  if (value === undefined) throw new Error(`${decimal} is finer than the step`);
  return value;
}
