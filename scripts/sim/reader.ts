/** A client of the streams, which may be slow, or leave and come again: it finds what it was not told, or told wrongly. */
import { decimalLevels } from '../../api/market-data.js';
import { Tokens } from '../../api/tokens.js';
import type { BookSnapshot } from '../../shared/domain/answers.js';
import type { MarketScale } from '../../shared/domain/units.js';
import type { Client, SimulatedApp, SimulatedSocket } from './gateway.js';
import { MARKETS, type Reading } from './plan.js';
import type { World } from './world.js';

export const SECRET = 'of a simulated exchange, and long enough for it';

type Levels = readonly (readonly [price: string, quantity: string])[];

/** What is read of the messages that API.md spells. */
interface Message {
  readonly e: keyof Reader['folds'];
  readonly s: string;
  readonly U: number;
  readonly u: number;
  readonly b: Levels;
  readonly a: Levels;
  readonly t: string;
  readonly p: string;
  readonly k: ToldCandle;
  readonly seq: number;
}

export interface ToldCandle {
  readonly s: string;
  readonly i: string;
  readonly t: number;
  readonly x: boolean;
  readonly n: number;
  readonly L: string;
}

interface Book {
  updateId: number;
  readonly bids: Map<string, string>;
  readonly asks: Map<string, string>;
}

const COMES_AGAIN_MS = 100;
const CANDLE_MS = 1000;
const STREAMS = ['user', ...MARKETS.flatMap(market => streamsOf(market.toLowerCase()))];
const SUBSCRIBE = JSON.stringify({ method: 'SUBSCRIBE', params: STREAMS });

const tokens = new Tokens(SECRET);

export class Reader implements Client {
  readonly account: number;
  readonly api: Reading['api'];
  readonly name: string;
  isReading = true;
  /** Whatever it was told, on any connection: prices of trades and reports by their numbers, candles that were closed. */
  readonly trades = new Map<string, string>();
  readonly reports = new Map<number, string>();
  readonly candles = new Map<string, ToldCandle>();
  readonly #world: World;
  /** Nothing while the process is not there. */
  readonly #app: () => SimulatedApp | undefined;
  readonly #token: string;
  #socket: SimulatedSocket | undefined;
  /** What it was told on this connection. */
  #books = new Map<string, Book>();
  /** The last of each stream of numbers. */
  #lasts = new Map<string, number>();

  constructor(world: World, { api, account, name }: Reading, app: () => SimulatedApp | undefined) {
    this.#world = world;
    this.#app = app;
    this.account = account;
    this.api = api;
    this.name = `${name} of ${api}`;
    this.#token = tokens.issue({ userId: account, email: '', role: 'USER' }).token;
    this.#connect();
  }

  rest(): void {
    this.isReading = false;
  }

  readOn(): void {
    this.isReading = true;
    this.#socket?.take();
  }

  leave(): void {
    this.#socket?.hangUp();
  }

  receive(text: string): void {
    const { data, error } = JSON.parse(text) as { data?: Message; error?: { code: string } };
    if (error !== undefined) this.#violate(`was refused: ${text}`);
    if (data !== undefined) this.folds[data.e](data);
  }

  closed(): void {
    this.#socket = undefined;
    this.#books = new Map();
    this.#lasts = new Map();
    this.#world.scheduler.after(COMES_AGAIN_MS, undefined, () => this.#connect());
  }

  /** How what was told differs from a market as it is; nothing where it does not. */
  differenceFrom(book: BookSnapshot, scale: MarketScale): string | undefined {
    const { market, lastUpdateId, lastTradeId } = book;
    const told = this.#books.get(market);
    const levels = (of: Levels) => JSON.stringify([...of].sort(([a], [b]) => Number(a) - Number(b)));
    const is = `${told?.updateId} ${levels([...(told?.bids ?? [])])} ${levels([...(told?.asks ?? [])])}`;
    const [bids, asks] = [book.bids, book.asks].map(side => levels(decimalLevels(side, scale)));
    const should = `${lastUpdateId} ${bids} ${asks}`;
    if (is !== should) return `${market} is ${is}, should be ${should}`;
    return this.#endsAt(`trades of ${market}`, lastTradeId);
  }

  /** How far the reports differ from an account's last one. */
  differenceFromSeq(seq: number): string | undefined {
    return this.#endsAt('reports', seq);
  }

  #endsAt(numbers: string, last: number): string | undefined {
    const told = this.#lasts.get(numbers) ?? last;
    return told === last ? undefined : `the ${numbers} end at ${told}, not ${last}`;
  }

  #connect(): void {
    this.#socket = this.#app()?.connect(this);
    if (this.#socket === undefined) {
      this.#world.scheduler.after(COMES_AGAIN_MS, undefined, () => this.#connect());
      return;
    }
    this.#socket.ask(JSON.stringify({ method: 'AUTH', params: [this.#token] }));
    this.#socket.ask(SUBSCRIBE);
  }

  /** What becomes of each message. */
  readonly folds = {
    depthSnapshot: ({ s, u, b, a }: Message) => {
      this.#books.set(s, { updateId: u, bids: new Map(b), asks: new Map(a) });
    },
    depthUpdate: ({ s, U, u, b, a }: Message) => {
      const book = this.#books.get(s);
      if (book === undefined || U !== book.updateId + 1) {
        this.#violate(`${s} goes from ${book?.updateId} to ${U}`);
        return;
      }
      book.updateId = u;
      changeLevels(book.bids, b);
      changeLevels(book.asks, a);
    },
    trade: ({ s, t, p }: Message) => {
      if (this.#next(`trades of ${s}`, Number(t), 1) !== 0)
        this.#violate(`${s}: trade ${t} is not the next one`);
      this.trades.set(`${s} ${t}`, p);
    },
    kline: ({ k }: Message) => {
      if (!k.x) return;
      if (this.#next(`candles of ${k.s}`, k.t, CANDLE_MS) !== 0)
        this.#violate(`${k.s}: the candle of ${k.t} is not the next one`);
      this.candles.set(`${k.s} ${k.i} ${k.t}`, k);
    },
    executionReport: (report: Message) => this.#report(report),
    balanceUpdate: (report: Message) => this.#report(report),
  };

  #report(report: Message): void {
    if (this.#next('reports', report.seq, 1) !== 0) this.#violate(`report ${report.seq} is not the next one`);
    this.reports.set(report.seq, JSON.stringify(report));
  }

  /** How far a number is from the one that was to come. The first one may be any. */
  #next(numbers: string, number: number, step: number): number {
    const last = this.#lasts.get(numbers) ?? number - step;
    this.#lasts.set(numbers, number);
    return number - last - step;
  }

  #violate(what: string): void {
    this.#world.violate(`${this.name}: ${what}`);
  }
}

function streamsOf(market: string): string[] {
  return ['depth', 'trade', 'kline_1s'].map(kind => `${market}@${kind}`);
}

function changeLevels(side: Map<string, string>, levels: Levels): void {
  for (const [price, quantity] of levels) {
    if (Number(quantity) === 0) side.delete(price);
    else side.set(price, quantity);
  }
}
