/**
 * A trading session as a test. Each line is `action args | expected`; an empty line or one that begins with # says
 * nothing, one that begins with | goes on with what the line before it expects. Decimals are as on the wire, without
 * padding; users are account numbers from 1001, `fees` and `treasury` the exchange's own; the exchange is fresh, with
 * its genesis. Time moves a millisecond a command.
 *
 *   deposit <user> <asset> <amount> [key <key>]          ok · repeated · <reject>
 *   withdraw <user> <asset> <amount> [key <key>]         ok · repeated · <reject>
 *   place <user> <order> <side> <quantity> @ <price> …   trade <maker> <taker> <quantity> @ <price> [… fee …],
 *   place <user> <order> <side> <quantity> @ market …      <order> <end>, <status> [remaining <quantity>]
 *   place <user> <order> <side> <amount> <quote> @ market   (FILLED is not said: the trades say it) · <reject>
 *     … LIMIT_MAKER · IOC · FOK · EXPIRE_TAKER · EXPIRE_BOTH · NONE
 *   cancel <user> <order>                                CANCELED remaining <quantity> · <reject>
 *   cancel <user> #<order or id>                         the same, by order id
 *   cancel-all <user>                                    canceled <order> … · canceled none · <reject>
 *   asset <asset> <decimals>                             ok · <reject>
 *   market create <market> <tick> <lot> <field> <value>… ok · <reject>
 *   market update <market> <field> <value>…              ok · <reject>
 *   market show <market> <field>…                        <value>, …
 *   balance <user> <asset>                               available <amount> locked <amount>
 *   order <user> <order> · order <user> #<order or id>   <side> <quantity> @ <price> <status> [filled …] · <reject>
 *   open <user>                                          <order> <status>, … · none
 *   depth                                                bid <quantity> @ <price>, ask … · empty
 *   events · ledger                                      kinds of events · ledger entries of the last command
 *   wait <n>ms|s|m|h|d                                   ok
 *   audit                                                ok
 *
 * Lines about orders and depth mean BTC_USDT, or the market after `in`; those that cancel all or list mean all
 * markets. `deadline <ms>` puts a command's deadline that long after its time, negative: before it.
 *
 * Every session is then run again in several ways that must agree (ways.ts).
 */
import type { Test } from 'tap';
import { type Answer, encodeAnswer } from '../shared/domain/answers.js';
import type { Command, OrderName } from '../shared/domain/commands.js';
import type { Order } from '../shared/domain/entities.js';
import { type Event, ledgerEntries } from '../shared/domain/events.js';
import { GENESIS } from '../shared/domain/genesis.js';
import {
  ORDER_TYPES,
  type OrderType,
  SELF_TRADE_PREVENTIONS,
  type SelfTradePrevention,
  type Side,
  TIMES_IN_FORCE,
  type TimeInForce,
} from '../shared/domain/orders.js';
import { type Input, Recorded } from './recorded.js';
import { limitsOf, NO_CHANGE, newMarket } from './script-markets.js';
import { Words } from './script-words.js';
import { depthText, ledgerText, marketFieldText, ordersText, orderText, rejectText } from './session-text.js';
import { assertAllWaysAgree } from './ways.js';

const START_MS = Date.UTC(2026, 0, 1);
const REPLY_TIMEOUT_MS = 1000;
const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

interface Line {
  number: number;
  action: string;
  expected: string;
}

/** Runs the script: one assertion a line, and one for all the ways. */
export function session(t: Test, script: string): void {
  const run = new Session();
  for (const { number, action, expected } of linesOf(script)) {
    t.equal(run.say(action), expected, `line ${number}: ${action}`);
  }
  t.doesNotThrow(() => run.end(), 'all ways agree');
}

function linesOf(script: string): Line[] {
  const lines: Line[] = [];
  for (const [index, text] of script.split('\n').entries()) {
    const [action = '', expected] = text.split('|').map(part => part.trim().replace(/\s+/g, ' '));
    const goesOn = action === '' && expected !== undefined;
    if (goesOn) lines.at(-1)!.expected = `${lines.at(-1)!.expected} ${expected}`.trim();
    else if (action !== '' && !action.startsWith('#')) {
      lines.push({ number: index + 1, action, expected: expected ?? '' });
    }
  }
  return lines;
}

class Session {
  readonly #recorded = Recorded.fresh();
  readonly #words = new Words(this.#recorded.exchange);
  readonly #inputs: Input[] = [];
  readonly #transfers = new Map<string, string>();
  #time = START_MS;
  #events: readonly Event[] = [];
  /** Milliseconds from a command's time to its deadline. */
  #patience = REPLY_TIMEOUT_MS;

  readonly #actions: Record<string, (args: string[]) => string> = {
    deposit: args => this.#transfer('DEPOSIT', args),
    withdraw: args => this.#transfer('WITHDRAW', args),
    place: args => this.#place(args),
    cancel: args => this.#cancel(args),
    'cancel-all': args => this.#cancelAll(args),
    asset: args => this.#asset(args),
    market: args => this.#market(args),
    balance: args => this.#balance(args),
    order: args => this.#order(args),
    open: args => this.#open(args),
    depth: args => this.#depth(args),
    events: () => this.#events.map(({ kind }) => kind).join(', '),
    ledger: () => this.#ledger(),
    wait: args => this.#wait(args),
    audit: () => this.#audit(),
  };

  constructor() {
    for (const command of GENESIS) this.#execute(command);
  }

  /** What the exchange makes of a line; an exception is said, too, so that it stands at its line. */
  say(line: string): string {
    const [name = '', ...args] = line.split(' ');
    const action = this.#actions[name];
    if (action === undefined) throw new Error(`no such action: ${line}`);
    this.#patience = Number(take(args, 'deadline') ?? REPLY_TIMEOUT_MS);
    try {
      return action(args);
    } catch (error) {
      return `throws ${String(error)}`;
    }
  }

  end(): void {
    this.#recorded.exchange.audit();
    assertAllWaysAgree(this.#inputs, 1);
  }

  #execute(command: Command): Answer {
    const time = this.#time++;
    const input = { command, timing: { time, deadline: time + this.#patience } };
    this.#inputs.push(input);
    const answer = this.#recorded.execute(input);
    this.#events = this.#recorded.events.at(-1)!;
    this.#recorded.endBatch();
    return answer;
  }

  #transfer(kind: 'DEPOSIT' | 'WITHDRAW', args: string[]): string {
    const key = take(args, 'key') ?? null;
    const [user, asset, decimal] = all(args, 3);
    const account = this.#words.account(user!);
    const amount = this.#words.units(decimal!, asset!);
    const answer = this.#execute({ kind, body: { account, asset: asset!, amount, key } });
    if (answer.kind === 'REFUSED') return rejectText(answer.reject, this.#words);
    const name = `${account} ${key}`;
    const text = encodeAnswer(answer);
    const repeated = this.#events[0]?.kind === 'REPEATED';
    if (repeated) return this.#transfers.get(name) === text ? 'repeated' : `another answer: ${text}`;
    this.#transfers.set(name, text);
    return 'ok';
  }

  #place(args: string[]): string {
    const market = take(args, 'in') ?? 'BTC_USDT';
    const [user, clientOrderId, side, ...rest] = args;
    const at = rest.indexOf('@');
    const [size, unit] = rest.slice(0, at);
    const [price, ...options] = rest.slice(at + 1);
    const isMarket = price === 'market';
    const chosen = <T extends string>(values: readonly T[], byDefault: T): T =>
      values.find(value => options.includes(value)) ?? byDefault;
    const answer = this.#execute({
      kind: 'PLACE_ORDER',
      body: {
        account: this.#words.account(user!),
        market,
        clientOrderId: clientOrderId!,
        side: side as Side,
        type: isMarket ? 'MARKET' : chosen<OrderType>(ORDER_TYPES, 'LIMIT'),
        timeInForce: isMarket ? 'IOC' : chosen<TimeInForce>(TIMES_IN_FORCE, 'GTC'),
        selfTradePrevention: chosen<SelfTradePrevention>(SELF_TRADE_PREVENTIONS, 'EXPIRE_MAKER'),
        price: isMarket ? null : this.#words.ticks(price!, market),
        quantity: unit === undefined ? this.#words.lots(size!, market) : null,
        quoteQuantity: unit === undefined ? null : this.#words.units(size!, unit),
      },
    });
    if (answer.kind === 'ORDER') this.#words.nameOrder(answer.order.orderId, clientOrderId!);
    return this.#ordersText(answer);
  }

  #cancel(args: string[]): string {
    return this.#ordersText(this.#execute({ kind: 'CANCEL_ORDER', body: this.#orderName(args) }));
  }

  #cancelAll(args: string[]): string {
    const market = take(args, 'in') ?? null;
    const [user] = all(args, 1);
    const answer = this.#execute({
      kind: 'CANCEL_ALL',
      body: { account: this.#words.account(user!), market },
    });
    if (answer.kind !== 'CANCELED') return this.#ordersText(answer);
    const ended = this.#events.flatMap(({ kind, body }) => (kind === 'ORDER_ENDED' ? [body.orderId] : []));
    const names = answer.orderIds.map(orderId => this.#words.orderName(orderId)).join(' ') || 'none';
    const told = ended.toSorted((a, b) => a - b).join();
    return told === answer.orderIds.join() ? `canceled ${names}` : `canceled ${names}, ended ${told}`;
  }

  #asset(args: string[]): string {
    const [asset, decimals] = all(args, 2);
    return this.#okText(
      this.#execute({ kind: 'CREATE_ASSET', body: { asset: asset!, decimals: Number(decimals) } }),
    );
  }

  #market([verb, market, ...args]: string[]): string {
    switch (verb) {
      case 'create':
        return this.#okText(
          this.#execute({ kind: 'CREATE_MARKET', body: newMarket(market!, args, this.#words) }),
        );
      case 'update': {
        const changes = limitsOf(args, this.#words.scale(market!));
        return this.#okText(
          this.#execute({ kind: 'UPDATE_MARKET', body: { market: market!, ...NO_CHANGE, ...changes } }),
        );
      }
      case 'show': {
        const shown = this.#words.market(market!);
        if (shown === undefined) return 'none';
        return args.map(field => marketFieldText(shown, field, this.#words.scaleOf(shown))).join(', ');
      }
      default:
        throw new Error(`market ${verb}?`);
    }
  }

  #balance(args: string[]): string {
    const [user, asset] = all(args, 2);
    const answer = this.#recorded.exchange.query({
      kind: 'BALANCES',
      body: { account: this.#words.account(user!) },
    });
    if (answer.kind !== 'BALANCES') return answer.kind;
    const balance = answer.balances.find(held => held.asset === asset);
    const text = (units = 0n) => this.#words.decimal(units, asset!);
    return `available ${text(balance?.available)} locked ${text(balance?.locked)}`;
  }

  /** Of an order that the exchange no longer holds: its last after-image. */
  #order(args: string[]): string {
    const body = this.#orderName(args);
    const answer = this.#recorded.exchange.query({ kind: 'GET_ORDER', body });
    if (answer.kind === 'REFUSED') return rejectText(answer.reject, this.#words);
    if (answer.kind === 'ORDER') return orderText(answer.order, this.#words);
    if (answer.kind !== 'NOT_HELD') return answer.kind;
    const orderId = body.orderId ?? this.#words.orderId(body.clientOrderId!);
    const image = this.#recorded.image(`order ${body.account} ${orderId}`);
    return image?.kind === 'order' ? orderText(image.entity, this.#words) : 'NOT_HELD';
  }

  #open(args: string[]): string {
    const market = take(args, 'in') ?? null;
    const [user] = all(args, 1);
    const body = { account: this.#words.account(user!), market };
    const answer = this.#recorded.exchange.query({ kind: 'OPEN_ORDERS', body });
    if (answer.kind === 'REFUSED') return rejectText(answer.reject, this.#words);
    if (answer.kind !== 'ORDERS') return answer.kind;
    const text = ({ orderId, status }: Order) => `${this.#words.orderName(orderId)} ${status}`;
    return answer.orders.map(text).join(', ') || 'none';
  }

  #depth(args: string[]): string {
    const market = take(args, 'in') ?? 'BTC_USDT';
    const answer = this.#recorded.exchange.query({ kind: 'BOOK', body: { market } });
    if (answer.kind === 'REFUSED') return rejectText(answer.reject, this.#words);
    if (answer.kind !== 'BOOK') return answer.kind;
    return depthText(answer.book.bids, answer.book.asks, this.#words.scale(market));
  }

  #ledger(): string {
    const entries = this.#events.flatMap(ledgerEntries);
    return entries.map(entry => ledgerText(entry, this.#words)).join(', ') || 'none';
  }

  #wait(args: string[]): string {
    const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(args[0] ?? '') ?? [];
    this.#time += Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
    return 'ok';
  }

  #audit(): string {
    this.#recorded.exchange.audit();
    return 'ok';
  }

  #orderName(args: string[]): OrderName {
    const market = take(args, 'in') ?? 'BTC_USDT';
    const [user, name] = all(args, 2);
    const account = this.#words.account(user!);
    return name!.startsWith('#')
      ? { account, orderId: this.#words.orderId(name!.slice(1)), market: null, clientOrderId: null }
      : { account, orderId: null, market, clientOrderId: name! };
  }

  #ordersText(answer: Answer): string {
    return answer.kind === 'REFUSED'
      ? rejectText(answer.reject, this.#words)
      : ordersText(this.#events, answer, this.#words);
  }

  #okText(answer: Answer): string {
    return answer.kind === 'REFUSED' ? rejectText(answer.reject, this.#words) : 'ok';
  }
}

/** Takes `<name> <value>` out of the words. */
function take(words: string[], name: string): string | undefined {
  const index = words.indexOf(name);
  return index < 0 ? undefined : words.splice(index, 2)[1];
}

/** Words that the line must have exactly. */
function all(words: string[], count: number): string[] {
  if (words.length !== count) throw new Error(`${count} words wanted: ${words.join(' ')}`);
  return words;
}
