/**
 * A reader of one market's streams at one api: it connects again whenever it loses the connection, keeps the book from
 * snapshots and updates, and collects the trades. It proves what the streams promise: updates follow one another without
 * a gap until a new snapshot, the book never goes back, no trade comes twice or out of order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

export interface StreamTrade {
  readonly price: string;
  readonly quantity: string;
  readonly buyerIsMaker: boolean;
}

type Levels = readonly (readonly [price: string, quantity: string])[];

type StreamData =
  | { readonly e: 'depthSnapshot'; u: number; b: Levels; a: Levels }
  | { readonly e: 'depthUpdate'; U: number; u: number; b: Levels; a: Levels }
  | { readonly e: 'trade'; t: string; p: string; q: string; m: boolean };

export interface Depth {
  readonly lastUpdateId: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

const RECONNECT_DELAY_MS = 200;

export class StreamReader {
  readonly trades = new Map<number, StreamTrade>();
  readonly contradictions: string[] = [];
  /** Connections that were established. */
  connections = 0;
  /** Trade ids that were passed over within a connection: the reader can tell that by the ids. */
  passedOver = 0;
  readonly #bids = new Map<string, string>();
  readonly #asks = new Map<string, string>();
  #updateId = 0;
  #lastTradeId = 0;
  /** Of the present connection. */
  #hasSnapshot = false;
  #hasTrade = false;
  #socket: WebSocket | undefined;

  constructor(
    readonly address: string,
    readonly market: string,
  ) {}

  get updateId(): number {
    return this.#updateId;
  }

  /** Until the signal is aborted. */
  async read(stop: AbortSignal): Promise<void> {
    stop.addEventListener('abort', () => this.#socket?.terminate());
    while (!stop.aborted) {
      await this.#connection();
      await sleep(RECONNECT_DELAY_MS);
    }
  }

  /** What the book differs in from that depth; undefined where it is the same. */
  differenceFrom(depth: Depth): string | undefined {
    if (depth.lastUpdateId !== this.#updateId)
      return `the stream is at ${this.#updateId}, the depth at ${depth.lastUpdateId}`;
    for (const [side, levels] of [
      [this.#bids, depth.bids],
      [this.#asks, depth.asks],
    ] as const) {
      const wrong = levels.find(([price, quantity]) => side.get(price) !== quantity);
      if (wrong !== undefined)
        return `the stream has ${side.get(wrong[0])} at ${wrong[0]}, the depth ${wrong[1]}`;
      if (side.size !== levels.length)
        return `the stream has ${side.size} levels, the depth ${levels.length}`;
    }
    return undefined;
  }

  /** From beginning to end. */
  #connection(): Promise<void> {
    this.#hasSnapshot = false;
    this.#hasTrade = false;
    const socket = new WebSocket(`${this.address.replace(/^http/, 'ws')}/api/v1/ws`);
    this.#socket = socket;
    const name = this.market.toLowerCase();
    const params = [`${name}@depth`, `${name}@trade`];
    socket.on('open', () => {
      this.connections++;
      socket.send(JSON.stringify({ method: 'SUBSCRIBE', params, id: 1 }));
    });
    socket.on('message', raw => {
      const { data, error } = JSON.parse(raw.toString()) as { data?: StreamData; error?: unknown };
      if (data !== undefined) this.#receive(data);
      else if (error !== undefined) this.#contradict('no subscription', error);
    });
    return new Promise(resolve => socket.on('error', () => {}).on('close', () => resolve()));
  }

  #receive(data: StreamData): void {
    if (data.e === 'depthSnapshot') this.#reset(data);
    else if (data.e === 'depthUpdate') this.#update(data);
    else this.#trade(data);
  }

  #reset({ u, b, a }: Extract<StreamData, { e: 'depthSnapshot' }>): void {
    if (u < this.#updateId) this.#contradict(`a snapshot at ${u} after`, this.#updateId);
    this.#hasSnapshot = true;
    this.#updateId = u;
    this.#bids.clear();
    this.#asks.clear();
    set(this.#bids, b);
    set(this.#asks, a);
  }

  #update({ U, u, b, a }: Extract<StreamData, { e: 'depthUpdate' }>): void {
    if (!this.#hasSnapshot || U !== this.#updateId + 1 || u < U)
      this.#contradict(`an update from ${U} to ${u} after`, this.#updateId);
    this.#updateId = u;
    set(this.#bids, b);
    set(this.#asks, a);
  }

  #trade({ t, p, q, m }: Extract<StreamData, { e: 'trade' }>): void {
    const tradeId = Number(t);
    if (tradeId <= this.#lastTradeId) this.#contradict(`trade ${t} after`, this.#lastTradeId);
    if (this.#hasTrade) this.passedOver += tradeId - this.#lastTradeId - 1;
    this.#hasTrade = true;
    this.#lastTradeId = tradeId;
    this.trades.set(tradeId, { price: p, quantity: q, buyerIsMaker: m });
  }

  #contradict(what: string, it: unknown): void {
    this.contradictions.push(`${this.market} at ${this.address}: ${what} ${JSON.stringify(it)}`);
  }
}

/** Absolute quantities; `"0"` removes the level. */
function set(side: Map<string, string>, levels: Levels): void {
  for (const [price, quantity] of levels) {
    if (quantity === '0') side.delete(price);
    else side.set(price, quantity);
  }
}
