/**
 * The assets and markets as the api knows them: loaded from the engine, kept from its catalog messages.
 *
 * Guarantees: a market that is known has its scale. Nothing is ever removed, as in the engine. A list is the same array
 * until something is learned, so that whatever is made of it can be kept as long.
 */
import { type Answer, decodeAnswer } from '../shared/domain/answers.js';
import type { Asset, Market } from '../shared/domain/entities.js';
import { type MarketScale, marketScale } from '../shared/domain/units.js';

export type CatalogAnswer = Extract<Answer, { kind: 'CATALOG' }>;

export interface KnownMarket {
  /** Its `lastTradeId` and `updateId` are those of its last catalog message, not the newest. */
  readonly market: Market;
  readonly scale: MarketScale;
}

export class Catalog {
  readonly #assets = new Map<string, Asset>();
  readonly #markets = new Map<string, KnownMarket>();
  #assetList: readonly Asset[] = [];
  #marketList: readonly KnownMarket[] = [];

  /** Takes over what the answer holds; the rest stays. */
  load({ assets, markets }: CatalogAnswer): void {
    for (const asset of assets) this.#assets.set(asset.asset, asset);
    for (const market of markets) this.#learn(market);
    this.#assetList = sorted(this.#assets);
    this.#marketList = sorted(this.#markets);
  }

  /** A message of the catalog channel: what was created or changed. */
  update(message: string): void {
    const answer = decodeAnswer(message);
    if (answer.kind !== 'CATALOG') throw new Error(`${answer.kind} in the catalog channel`);
    this.load(answer);
  }

  asset(name: string): Asset | undefined {
    return this.#assets.get(name);
  }

  market(name: string): KnownMarket | undefined {
    return this.#markets.get(name);
  }

  /** Sorted by name. */
  assets(): readonly Asset[] {
    return this.#assetList;
  }

  /** Sorted by name. */
  markets(): readonly KnownMarket[] {
    return this.#marketList;
  }

  /** A market whose assets are not known yet is left out: it comes again with the next load. */
  #learn(market: Market): void {
    const base = this.#assets.get(market.base);
    const quote = this.#assets.get(market.quote);
    if (base === undefined || quote === undefined) return;
    const scale = marketScale(market, { base: base.decimals, quote: quote.decimals });
    this.#markets.set(market.market, { market, scale });
  }
}

function sorted<T>(byName: ReadonlyMap<string, T>): T[] {
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
