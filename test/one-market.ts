/**
 * An exchange with one market whose assets have no decimals, so that every number of a test is what the core counts in.
 * It keeps itself to the promises of every command and batch (recorded.ts).
 */
import assert from 'node:assert/strict';
import type { Answer } from '../shared/domain/answers.js';
import type { Command, CreateMarket, PlaceOrder, UpdateMarket } from '../shared/domain/commands.js';
import { FIRST_USER } from '../shared/domain/entities.js';
import { type LedgerEntry, ledgerEntries, type SettledTrade } from '../shared/domain/events.js';
import type { RejectCode } from '../shared/domain/rejects.js';
import { Recorded } from './recorded.js';
import { NO_CHANGE } from './script-markets.js';

export const BASE = 'BASE';
export const QUOTE = 'QUOTE';
export const MARKET = `${BASE}_${QUOTE}`;
export const BUYER = FIRST_USER;
export const SELLER = FIRST_USER + 1;
const TIMING = { time: 1, deadline: 1 };

const TERMS: CreateMarket = {
  market: MARKET,
  base: BASE,
  quote: QUOTE,
  priceDecimals: 0,
  tickSize: 1,
  lotSize: 1n,
  minQuantity: 1,
  maxQuantity: 1,
  minPrice: 1,
  maxPrice: 1,
  minNotional: 0n,
  maxOpenOrders: 1_000_000,
  makerFee: 0,
  takerFee: 0,
  status: 'TRADING',
};

export type Outcome = RejectCode | Exclude<Answer['kind'], 'REFUSED'>;

/** A limit order that may rest, unless it says otherwise. */
export type Wish = Pick<PlaceOrder, 'account' | 'side'> & Partial<PlaceOrder>;

export class OneMarket {
  readonly recorded = Recorded.fresh();
  #placed = 0;

  /** @param terms where they differ from a market of the smallest limits, without fees */
  constructor(terms: Partial<CreateMarket>) {
    this.#listAsset(BASE);
    this.#listAsset(QUOTE);
    assert.equal(this.list(terms), 'CATALOG');
  }

  /** Creates a market, the usual one if the terms do not name another. */
  list(terms: Partial<CreateMarket>): Outcome {
    return this.tell({ kind: 'CREATE_MARKET', body: { ...TERMS, ...terms } });
  }

  update(limits: Partial<UpdateMarket>): Outcome {
    return this.tell({ kind: 'UPDATE_MARKET', body: { ...NO_CHANGE, market: MARKET, ...limits } });
  }

  deposit(account: number, asset: string, amount: bigint): Outcome {
    return this.tell({ kind: 'DEPOSIT', body: { account, asset, amount, key: null } });
  }

  withdraw(account: number, asset: string, amount: bigint): Outcome {
    return this.tell({ kind: 'WITHDRAW', body: { account, asset, amount, key: null } });
  }

  place(wish: Wish): Outcome {
    return outcomeOf(this.answerTo(wish));
  }

  answerTo(wish: Wish): Answer {
    return this.#execute(this.#orderOf(wish));
  }

  #orderOf(wish: Wish): Command {
    return {
      kind: 'PLACE_ORDER',
      body: {
        market: MARKET,
        clientOrderId: `o${this.#placed++}`,
        type: 'LIMIT',
        timeInForce: 'GTC',
        selfTradePrevention: 'NONE',
        price: null,
        quantity: null,
        quoteQuantity: null,
        ...wish,
      },
    };
  }

  tell(command: Command): Outcome {
    return outcomeOf(this.#execute(command));
  }

  /** Ends the batch after each command, so that all its promises are checked. */
  #execute(command: Command): Answer {
    const answer = this.recorded.execute({ command, timing: TIMING });
    this.recorded.endBatch();
    return answer;
  }

  #listAsset(asset: string): void {
    assert.equal(this.tell({ kind: 'CREATE_ASSET', body: { asset, decimals: 0 } }), 'CATALOG');
  }

  /** `[available, locked]`. */
  balance(account: number, asset: string): [bigint, bigint] {
    const answer = this.recorded.exchange.query({ kind: 'BALANCES', body: { account } });
    assert(answer.kind === 'BALANCES');
    const balance = answer.balances.find(balance => balance.asset === asset);
    return [balance?.available ?? 0n, balance?.locked ?? 0n];
  }

  book(): { bids: readonly (readonly [number, number])[]; asks: readonly (readonly [number, number])[] } {
    const answer = this.recorded.exchange.query({ kind: 'BOOK', body: { market: MARKET } });
    assert(answer.kind === 'BOOK');
    const { bids, asks } = answer.book;
    return { bids, asks };
  }

  get trades(): SettledTrade[] {
    return this.recorded.events.flat().flatMap(({ kind, body }) => (kind === 'TRADE' ? [body] : []));
  }

  /** What moved because of trades. */
  get entries(): LedgerEntry[] {
    const trades = this.recorded.events.flat().filter(({ kind }) => kind === 'TRADE');
    return trades.flatMap(ledgerEntries);
  }
}

export function outcomeOf(answer: Answer): Outcome {
  return answer.kind === 'REFUSED' ? answer.reject.code : answer.kind;
}
