/** Follows all markets as a client of the streams does, and finds what it was not told, or told wrongly. */
import type { LiveMarket, LiveMarketListener } from '../../api/live-market.js';
import type { BookSnapshot, Level } from '../../shared/domain/answers.js';
import type { PublicTrade } from '../../shared/domain/codec.js';
import type { DepthUpdate } from '../../shared/domain/depth.js';
import type { World } from './world.js';

interface Followed {
  updateId: number;
  readonly bids: Map<number, number>;
  readonly asks: Map<number, number>;
}

export class Subscriber implements LiveMarketListener {
  /** Of each market. */
  readonly books = new Map<string, Followed>();
  readonly trades = new Map<string, PublicTrade[]>();
  readonly #world: World;
  readonly #name: string;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#name = name;
  }

  depthRefilled({ scale: { market }, depth }: LiveMarket): void {
    const side = (levels: readonly Level[]) => new Map(levels);
    const all = Number.MAX_SAFE_INTEGER;
    this.books.set(market, {
      updateId: depth.lastUpdateId,
      bids: side(depth.levels('bids', all)),
      asks: side(depth.levels('asks', all)),
    });
  }

  depthChanged({ scale: { market } }: LiveMarket, update: DepthUpdate): void {
    const book = this.books.get(market);
    if (book === undefined || update.firstUpdateId !== book.updateId + 1) {
      this.#world.violate(`${this.#name}: ${market} goes from ${book?.updateId} to ${update.firstUpdateId}`);
      return;
    }
    book.updateId = update.lastUpdateId;
    for (const side of ['bids', 'asks'] as const) {
      for (const [price, quantity] of update[side]) {
        if (quantity === 0) book[side].delete(price);
        else book[side].set(price, quantity);
      }
    }
  }

  traded({ scale: { market } }: LiveMarket, trades: readonly PublicTrade[]): void {
    const heard = this.trades.get(market) ?? [];
    const last = heard.at(-1)?.tradeId ?? 0;
    if (trades[0]!.tradeId <= last) this.#world.violate(`${this.#name}: ${market} trade ${last} and again`);
    this.trades.set(market, [...heard, ...trades]);
  }

  candlesLoaded(): void {}

  /** How what was told differs from the book; nothing where it does not. */
  differenceFrom(book: BookSnapshot): string | undefined {
    const told = this.books.get(book.market);
    const best = (levels: Iterable<Level>) => JSON.stringify([...levels].sort(([a], [b]) => a - b));
    const is = `${told?.updateId} ${best(told?.bids ?? [])} ${best(told?.asks ?? [])}`;
    const should = `${book.lastUpdateId} ${best(book.bids)} ${best(book.asks)}`;
    return is === should ? undefined : `${this.#name}: ${book.market} is ${is}, should be ${should}`;
  }
}
