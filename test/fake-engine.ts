/**
 * Stands in for the engine where only its face to the api matters: takes requests from the list, answers them, and
 * tells what a test does to its one market. It forgets nothing, but can be told not to publish.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Answer, Level } from '../shared/domain/answers.js';
import { encodeAnswer } from '../shared/domain/answers.js';
import { decodeRequest, type Request } from '../shared/domain/codec.js';
import type { DepthSnapshot } from '../shared/domain/depth.js';
import type { Asset, Market } from '../shared/domain/entities.js';
import {
  encodeMarketMessage,
  type MarketMessage,
  type PublicTrade,
  repliesTo,
  TOLD,
} from '../shared/domain/publications.js';
import type { Keys } from '../shared/io/keys.js';
import { messageOf } from './ascii.js';
import { tell } from './feed.js';

const TAKE_TIMEOUT_S = 0.1;
const TAKE_COUNT = 1000;

export const ASSETS: Asset[] = ['BTC', 'USDT'].map(asset => ({ asset, decimals: 8, status: 'ACTIVE' }));

/** Tick 0.01, lot 0.00001, as on a fresh exchange. */
export function marketOf(market: string): Market {
  return {
    market,
    base: 'BTC',
    quote: 'USDT',
    priceDecimals: 2,
    tickSize: 1,
    lotSize: 1000n,
    tickLotValue: 10n,
    minQuantity: 1,
    maxQuantity: 1e8,
    minPrice: 1,
    maxPrice: 1e9,
    minNotional: 0n,
    maxOpenOrders: 1000,
    makerFee: 0,
    takerFee: 0,
    status: 'TRADING',
    lastTradeId: 0,
    updateId: 0,
  };
}

/** What a test does to the book: the new quantities of levels, and trades as `[price, quantity]`. */
export interface BookChange {
  bids?: readonly Level[];
  asks?: readonly Level[];
  trades?: readonly Level[];
}

export class FakeEngine {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  /** All that ever were: what Postgres would hold. */
  readonly trades: PublicTrade[];
  /** Taken from the list, in order. */
  readonly taken: Request[] = [];
  updateId = 0;
  /** Where false, requests are taken and not answered. */
  answers = true;
  readonly market = 'BTC_USDT';
  /** Called once an answer is made and before it is sent. */
  beforeReply: (request: Request['request']) => Promise<void> = async () => {};
  readonly #keys: Keys;
  readonly #redis: Redis;
  readonly #taker: Redis;
  #takes = true;
  #stopped = false;
  #taking: Promise<string[]> = Promise.resolve([]);

  constructor(redisUrl: string, keys: Keys, trades: PublicTrade[] = []) {
    this.#keys = keys;
    this.trades = trades;
    this.#redis = new Redis(redisUrl);
    this.#taker = new Redis(redisUrl);
    for (const redis of [this.#redis, this.#taker]) redis.on('error', () => {});
  }

  start(): void {
    void this.#take();
  }

  /** From then on requests stay in the list. */
  async pause(): Promise<void> {
    this.#takes = false;
    await this.#taking;
  }

  resume(): void {
    this.#takes = true;
  }

  stop(): void {
    this.#stopped = true;
    this.#redis.disconnect();
    this.#taker.disconnect();
  }

  /** As one batch: the update ids go on by one for each changed level and trade. */
  async change(change: BookChange, { publish = true } = {}): Promise<MarketMessage> {
    const { bids = [], asks = [], trades = [] } = change;
    for (const [price, quantity] of bids) setLevel(this.bids, price, quantity);
    for (const [price, quantity] of asks) setLevel(this.asks, price, quantity);
    const time = Date.now();
    const made = trades.map(([price, quantity]) => {
      const trade = { tradeId: this.trades.length + 1, price, quantity, time: time - 1, buyerIsMaker: false };
      this.trades.push(trade);
      return trade;
    });
    const firstUpdateId = this.updateId + 1;
    this.updateId += Math.max(1, bids.length + asks.length + trades.length);
    const message = {
      market: this.market,
      time,
      firstUpdateId,
      lastUpdateId: this.updateId,
      bids,
      asks,
      trades: made,
    };
    if (publish) await this.publish(message);
    return message;
  }

  /** Its book is another one, from now on; whoever follows it is told by the catalog. */
  async standAt({ lastUpdateId, bids, asks }: DepthSnapshot): Promise<void> {
    this.updateId = lastUpdateId;
    for (const [price, quantity] of bids) this.bids.set(price, quantity);
    for (const [price, quantity] of asks) this.asks.set(price, quantity);
    await this.publishCatalog([{ ...marketOf(this.market), updateId: lastUpdateId }]);
  }

  async publish(message: MarketMessage): Promise<void> {
    await this.#tell(TOLD.market, encodeMarketMessage(message));
  }

  /** @param isAlone what was reported before is kept no longer */
  async report(sequence: number, text: string, { isAlone = false } = {}): Promise<void> {
    const { reports } = this.#keys;
    const multi = this.#redis.multi().xadd(reports, `${sequence}-0`, 'reports', text);
    if (isAlone) multi.xtrim(reports, 'MAXLEN', 1);
    await multi.exec();
    await this.#tell(TOLD.journal, `${sequence}-0`, TOLD.reports, text);
  }

  async publishCatalog(markets: Market[], assets = ASSETS): Promise<void> {
    const answer: Answer = { kind: 'CATALOG', assets, markets };
    await this.#tell(TOLD.catalog, encodeAnswer(answer));
  }

  /** Under every name, the answers' by those who have asked. */
  async publishRaw(text: string): Promise<void> {
    const addresses = new Set(this.taken.map(({ replyTo }) => repliesTo(replyTo)));
    for (const name of [TOLD.catalog, TOLD.market, ...addresses]) await this.#tell(name, text);
  }

  /** Another one with the same state, on another Redis. */
  continueOn(redisUrl: string): FakeEngine {
    const next = new FakeEngine(redisUrl, this.#keys, this.trades);
    for (const [price, quantity] of this.bids) next.bids.set(price, quantity);
    for (const [price, quantity] of this.asks) next.asks.set(price, quantity);
    next.updateId = this.updateId;
    return next;
  }

  /** Best first, `[ticks, lots]`. */
  levels(side: 'bids' | 'asks'): Level[] {
    const direction = side === 'bids' ? -1 : 1;
    return [...this[side]].sort(([a], [b]) => (a - b) * direction);
  }

  #tell(...fields: (string | Buffer)[]): Promise<void> {
    return tell(this.#redis, this.#keys, ...fields);
  }

  async #take(): Promise<void> {
    while (!this.#stopped) {
      this.#taking = this.#takes ? this.#next() : sleep(10, []);
      const requests = (await this.#taking).map(decodeRequest).filter(request => 'request' in request);
      this.taken.push(...requests);
      if (this.answers) await Promise.all(requests.map(request => this.#reply(request))).catch(() => {});
    }
  }

  async #next(): Promise<string[]> {
    try {
      const first = await this.#taker.blpop(this.#keys.commands, TAKE_TIMEOUT_S);
      const more = await this.#taker.lpop(this.#keys.commands, TAKE_COUNT);
      return [...(first?.slice(1) ?? []), ...(more ?? [])];
    } catch {
      return [];
    }
  }

  async #reply({ requestId, replyTo, request }: Request): Promise<void> {
    const replies = messageOf([[requestId, this.#answer(request), null]]);
    await this.beforeReply(request);
    await this.#tell(repliesTo(replyTo), replies);
  }

  #answer({ kind }: Request['request']): Answer {
    switch (kind) {
      case 'CATALOG':
        return { kind, assets: ASSETS, markets: [marketOf(this.market)] };
      case 'BOOK':
        return {
          kind,
          book: {
            market: this.market,
            lastUpdateId: this.updateId,
            lastTradeId: this.trades.length,
            bids: this.levels('bids'),
            asks: this.levels('asks'),
          },
        };
      default:
        return { kind: 'NOT_HELD', sequence: this.taken.length };
    }
  }
}

function setLevel(levels: Map<number, number>, price: number, quantity: number): void {
  if (quantity === 0) levels.delete(price);
  else levels.set(price, quantity);
}
