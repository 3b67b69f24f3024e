/**
 * A journal made by hand, batch after batch, and next to it what the tables must hold once it is written. The same seed
 * makes the same journal.
 */
import { Random } from '../scripts/random.js';
import { encodeCommands, type JournalBatch, type JournaledCommand, LOGIC } from '../shared/domain/codec.js';
import {
  type Balance,
  type Exchange,
  FEES,
  type IdempotencyKey,
  type Market,
  type Order,
  TREASURY,
} from '../shared/domain/entities.js';
import type { Event, LedgerEntry, SettledTrade, Trade } from '../shared/domain/events.js';
import { ascii } from './ascii.js';
import { encodeEvent, encodeImage } from './tuples.js';

const MARKET = 'BTC_USDT';
/** Two seconds before a leap day. */
const START_MS = Date.UTC(2024, 1, 28, 23, 59, 58);

/** A fee is one in so many, rounded down: of a small amount nothing. */
const FEE_SHARE = 20_000n;

/** An amount that one account pays another. */
type Payment = Pick<LedgerEntry, 'type' | 'asset' | 'amount' | 'reference'> & { from: number; to: number };

export type Stored<T> = T & { time: number };

export class MadeJournal {
  readonly batches: JournalBatch[] = [];
  readonly orders = new Map<number, Order>();
  readonly balances = new Map<string, Balance>();
  readonly keys: IdempotencyKey[] = [];
  readonly trades: (Stored<Trade> & { sequence: number })[] = [];
  readonly ledger: Stored<LedgerEntry>[] = [];
  readonly market: Market = {
    market: MARKET,
    base: 'BTC',
    quote: 'USDT',
    priceDecimals: 2,
    tickSize: 1,
    lotSize: 1000n,
    tickLotValue: 10n,
    minQuantity: 1,
    maxQuantity: 1000,
    minPrice: 1,
    maxPrice: 100_000,
    minNotional: 1n,
    maxOpenOrders: 1000,
    makerFee: 0,
    takerFee: 0,
    status: 'TRADING',
    lastTradeId: 0,
    updateId: 0,
  };
  private sequence = 0;
  private time = START_MS;
  private readonly random: Random;
  /** The newest orders that are open, oldest first. */
  private open: Order[] = [];

  /** @param longestPauseMs between two commands */
  constructor(
    seed: number,
    private readonly longestPauseMs: number,
  ) {
    this.random = new Random(seed);
  }

  get last(): number {
    return this.sequence;
  }

  get exchange(): Exchange {
    return { id: 1, sequence: this.sequence, time: this.time, lastLedgerId: this.ledger.length };
  }

  /** Adds batches of one command to `largest`. */
  add(batches: number, largest: number): this {
    for (let i = 0; i < batches; i++) this.addBatch(1 + this.random.below(largest));
    return this;
  }

  private addBatch(size: number): void {
    const first = this.sequence + 1;
    const changed = new Map<string, unknown>();
    const commands: JournaledCommand[] = [];
    const events: Event[][] = [];
    for (let i = 0; i < size; i++) {
      this.sequence++;
      this.time += this.random.below(this.longestPauseMs);
      commands.push({ time: this.time, deadline: this.time, entry: `the "entry" of ${this.sequence}` });
      events.push(this.sequence % 7 === 0 ? this.deposit(changed) : this.place(changed));
    }
    this.batches.push({
      logic: LOGIC,
      head: `1:${this.batches.length + 1}`,
      first,
      last: this.sequence,
      end: this.batches.length,
      commands: Buffer.from(encodeCommands(commands)),
      events: ascii(JSON.stringify(events.map(list => list.map(encodeEvent)))),
      images: ascii(JSON.stringify([encodeImage('exchange', this.exchange), ...changed.values()])),
      stateHash: this.sequence.toString(16).padStart(16, '0'),
    });
  }

  private deposit(changed: Map<string, unknown>): Event[] {
    const account = this.account();
    const amount = BigInt(1 + this.random.below(1_000_000));
    const name = `{"a\\b",NULL}${this.sequence}`;
    const what = { type: 'DEPOSIT', asset: 'USDT', amount, from: TREASURY, to: account } as const;
    const ledgerId = this.ledger.length + 1;
    const [fromAfter, toAfter] = this.move(changed, { ...what, reference: name });
    const { available, locked } = this.balances.get(`${account} USDT`)!;
    const key: IdempotencyKey = {
      account,
      key: `NULL,"{\\${this.sequence}`,
      type: 'DEPOSIT',
      asset: 'USDT',
      amount,
      ledgerId: this.ledger.length,
      available,
      locked,
      time: this.time,
      expired: false,
    };
    this.keys.push(key);
    changed.set(`key ${this.sequence}`, encodeImage('idempotencyKey', key));
    return [{ kind: 'MOVED', body: { ...what, ledgerId, fromAfter, toAfter, key: name } }];
  }

  /** Places an order; half of them take from the oldest one that is open. */
  private place(changed: Map<string, unknown>): Event[] {
    const account = this.account();
    const taker: Order = {
      orderId: this.sequence,
      account,
      market: MARKET,
      clientOrderId: `c-${this.sequence}`,
      side: this.sequence % 2 === 0 ? 'BUY' : 'SELL',
      type: 'LIMIT',
      timeInForce: 'GTC',
      selfTradePrevention: 'NONE',
      price: 1 + this.random.below(1000),
      quantity: 1 + this.random.below(100),
      quoteQuantity: null,
      filledQuantity: 0,
      filledQuote: 0n,
      status: 'NEW',
      queuePlace: this.sequence,
      createdAt: this.time,
      updatedAt: this.time,
    };
    const events: Event[] = [
      { kind: 'ORDER_PLACED', body: { orderId: taker.orderId, account, market: MARKET } },
    ];
    const maker = this.open[0];
    if (maker !== undefined && this.random.below(2) === 0) events.push(this.trade(changed, maker, taker));
    this.putOrder(changed, taker);
    this.open = [...this.open.slice(-20), taker].filter(order => order.status !== 'FILLED');
    return events;
  }

  private trade(changed: Map<string, unknown>, maker: Order, taker: Order): Event {
    const quantity = Math.min(maker.quantity! - maker.filledQuantity, taker.quantity!);
    const baseAmount = BigInt(quantity) * this.market.lotSize;
    const quoteAmount = BigInt(quantity * maker.price!) * this.market.tickLotValue;
    this.market.lastTradeId++;
    this.market.updateId++;
    changed.set('market', encodeImage('market', this.market));
    for (const order of [maker, taker]) {
      order.filledQuantity += quantity;
      order.filledQuote += quoteAmount;
      order.status = order.filledQuantity === order.quantity ? 'FILLED' : 'PARTIALLY_FILLED';
      order.updatedAt = this.time;
    }
    this.putOrder(changed, maker);
    const buyerIsMaker = taker.side === 'SELL';
    const trade: Trade = {
      market: MARKET,
      tradeId: this.market.lastTradeId,
      price: maker.price!,
      quantity,
      baseAmount,
      quoteAmount,
      buyerIsMaker,
      takerOrderId: taker.orderId,
      takerAccount: taker.account,
      takerFee: (buyerIsMaker ? quoteAmount : baseAmount) / FEE_SHARE,
      makerOrderId: maker.orderId,
      makerAccount: maker.account,
      makerFee: (buyerIsMaker ? baseAmount : quoteAmount) / FEE_SHARE,
    };
    this.trades.push({ ...trade, time: this.time, sequence: this.sequence });
    return { kind: 'TRADE', body: { ...trade, ...this.settle(changed, trade) } };
  }

  /** Moves the money of a trade and gives what its event says of it. */
  private settle(changed: Map<string, unknown>, trade: Trade): Omit<SettledTrade, keyof Trade> {
    const { takerAccount: taker, makerAccount: maker, baseAmount, quoteAmount, buyerIsMaker } = trade;
    const ledgerId = this.ledger.length + 1;
    const reference = `${MARKET}:${trade.tradeId}`;
    const base = { asset: this.market.base, amount: baseAmount };
    const quote = { asset: this.market.quote, amount: quoteAmount };
    const [takers, makers] = buyerIsMaker ? [base, quote] : [quote, base];
    const pay = (from: number, to: number, what: typeof base) =>
      this.move(changed, { ...what, type: 'TRADE', reference, from, to });
    const charge = (from: number, asset: string, amount: bigint) =>
      amount > 0n ? this.move(changed, { type: 'FEE', asset, amount, reference, from, to: FEES })[1] : null;
    const [takerPaidAfter, makerReceivedAfter] = pay(taker, maker, takers);
    const [makerPaidAfter, takerReceivedAfter] = pay(maker, taker, makers);
    return {
      base: base.asset,
      quote: quote.asset,
      ledgerId,
      takerPaidAfter,
      makerReceivedAfter,
      makerPaidAfter,
      takerReceivedAfter,
      takerFeeAfter: charge(taker, makers.asset, trade.takerFee),
      makerFeeAfter: charge(maker, takers.asset, trade.makerFee),
    };
  }

  private putOrder(changed: Map<string, unknown>, order: Order): void {
    this.orders.set(order.orderId, order);
    changed.set(`order ${order.orderId}`, encodeImage('order', order));
  }

  /** Gives what the payer has after it, and the receiver. */
  private move(changed: Map<string, unknown>, { from, to, ...what }: Payment): [bigint, bigint] {
    return [
      this.enter(changed, { ...what, account: from, amount: -what.amount }),
      this.enter(changed, { ...what, account: to }),
    ];
  }

  private enter(
    changed: Map<string, unknown>,
    entry: Omit<LedgerEntry, 'ledgerId' | 'balanceAfter'>,
  ): bigint {
    const balanceAfter = this.change(changed, entry.account, entry.asset, entry.amount);
    this.ledger.push({ ...entry, ledgerId: this.ledger.length + 1, balanceAfter, time: this.time });
    return balanceAfter;
  }

  /** Gives what the account has after it. */
  private change(changed: Map<string, unknown>, account: number, asset: string, amount: bigint): bigint {
    const name = `${account} ${asset}`;
    const funds = account === TREASURY ? 0n : 10n ** 15n;
    const balance = this.balances.get(name) ?? { account, asset, available: funds, locked: 0n };
    balance.available += amount;
    this.balances.set(name, balance);
    changed.set(`balance ${name}`, encodeImage('balance', balance));
    return balance.available + balance.locked;
  }

  private account(): number {
    return 1001 + this.random.below(20);
  }
}
