/**
 * An exchange that remembers everything it said and holds itself to the promises of every command and every batch
 * (docs: what we promise). A broken promise throws; the tests need not ask for it.
 */
import assert from 'node:assert/strict';
import { type BatchEffects, Exchange, type Timing } from '../engine/core/exchange.js';
import { type Answer, decodeAnswer, encodeAnswer } from '../shared/domain/answers.js';
import { decodeImages, encodeImages, type Image } from '../shared/domain/codec.js';
import type { Command } from '../shared/domain/commands.js';
import { DepthFold } from '../shared/domain/depth.js';
import { ENTITY_KINDS, type EntityKind, KINDS, type Order, TREASURY } from '../shared/domain/entities.js';
import { type Event, ledgerEntries, TRADE_FIELDS } from '../shared/domain/events.js';
import { toTuple } from '../shared/domain/fields.js';
import { isOpen } from '../shared/domain/orders.js';
import { FollowedLedger } from './followed-ledger.js';
import { encodeEvent, encodeImage } from './tuples.js';

/** A command as the shell hands it to the core. */
export interface Input {
  command: Command;
  timing: Timing;
}

/** A book's update id and levels, as text, by market. */
type Books = ReadonlyMap<string, { updateId: number; levels: string }>;

export class Recorded {
  readonly exchange: Exchange;
  /** Of each command, in order. */
  readonly events: Event[][] = [];
  /** The latest of each entity that ever was, by kind and key: what Postgres holds. */
  readonly #images = new Map<string, Image>();
  readonly #folds = new Map<string, DepthFold>();
  #books: Books = new Map();
  readonly #lastTradeIds = new Map<string, number>();
  readonly #ledger = new FollowedLedger();
  /** Time of the first command since the last batch. */
  #batchBegan: number | undefined;

  private constructor() {
    this.exchange = new Exchange(event => this.events.at(-1)!.push(event));
  }

  static fresh(): Recorded {
    return new Recorded();
  }

  /** From a checkpoint: the batch of the load is ended, and the books are followed from here on. */
  static load(checkpoint: readonly Image[]): Recorded {
    const recorded = new Recorded();
    for (const image of checkpoint) {
      recorded.exchange.load(image);
      recorded.#images.set(nameOf(image), image);
      recorded.#ledger.load(image);
      if (image.kind === 'market') recorded.#lastTradeIds.set(image.entity.market, image.entity.lastTradeId);
    }
    recorded.exchange.endBatch();
    for (const market of recorded.#markets()) {
      const fold = new DepthFold();
      fold.reset(recorded.#book(market));
      recorded.#folds.set(market, fold);
    }
    recorded.#books = recorded.#readBooks();
    recorded.exchange.audit();
    return recorded;
  }

  /** Gives a copy of the answer: the exchange's own may change with the state until the batch ends. */
  execute({ command, timing }: Input): Answer {
    const { exchange } = this;
    const sequence = exchange.sequence + 1;
    this.events.push([]);
    this.#batchBegan ??= timing.time;
    const json = encodeAnswer(exchange.execute(command, timing));
    const answer = decodeAnswer(json);
    assert.equal(exchange.sequence, sequence);
    assert.equal(exchange.time, timing.time);
    assert.equal(encodeAnswer(answer), json, 'the answer can be read');
    this.#checkEvents(answer, sequence);
    this.#checkTransfer(command, answer);
    this.#checkBooks(answer);
    return answer;
  }

  endBatch(): BatchEffects {
    const effects = this.exchange.endBatch();
    const images = decodeImages(encodeImages(effects.images));
    const names = images.map(nameOf);
    assert.equal(new Set(names).size, names.length, 'each changed entity once');
    for (const image of images) this.#images.set(nameOf(image), image);
    for (const image of images) {
      this.#ledger.check(image);
      if (image.kind === 'order') this.#checkOrder(image.entity);
    }
    this.#batchBegan = undefined;
    assert.match(effects.stateHash, /^[0-9a-f]{16}$/);
    assert.equal(effects.stateHash, this.exchange.stateHash);
    this.#checkDepth(effects);
    this.#checkMoney();
    this.exchange.audit();
    return effects;
  }

  /** The last after-image of an entity, live or not. */
  image(name: string): Image | undefined {
    return this.#images.get(name);
  }

  /** What a load must see, in the order in which it must see it. */
  checkpoint(): Image[] {
    return [...this.#images.values()].filter(isLive).sort(inLoadOrder);
  }

  /** The events of each command as the journal has them. */
  journal(): string[] {
    return this.events.map(events => JSON.stringify(events.map(encodeEvent)));
  }

  #checkEvents(answer: Answer, sequence: number): void {
    const events = this.events.at(-1)!;
    const refusals = events.filter(({ kind }) => kind === 'REFUSED').length;
    assert.ok(events.length > 0, 'every command has an event');
    assert.equal(refusals, answer.kind === 'REFUSED' ? 1 : 0, 'refused in the answer and in the journal');
    if (refusals > 0) assert.equal(events.length, 1, 'a refusal changes nothing');
    for (const event of events) {
      const { kind, body } = event;
      if (kind === 'ORDER_PLACED') assert.equal(body.orderId, sequence, 'an order is named by its sequence');
      if (kind === 'TRADE') {
        assert.equal(body.tradeId, (this.#lastTradeIds.get(body.market) ?? 0) + 1, 'trade ids have no gap');
        this.#lastTradeIds.set(body.market, body.tradeId);
      }
      this.#ledger.follow(event);
    }
    if (answer.kind !== 'ORDER') return;
    const trades = events.flatMap(event => (event.kind === 'TRADE' ? [event.body] : []));
    assert.deepEqual(
      answer.trades.map(trade => toTuple(TRADE_FIELDS, trade)),
      trades.map(trade => toTuple(TRADE_FIELDS, trade)),
      'the answer has the trades of the journal',
    );
    assert.equal(answer.sequence, sequence);
    assert.equal(answer.order.updatedAt, this.exchange.time);
    if (answer.order.orderId === sequence) assert.equal(answer.order.createdAt, this.exchange.time);
  }

  /** A deposit or withdrawal is answered with the ledger entry of the account that asked. */
  #checkTransfer({ body }: Command, answer: Answer): void {
    const events = this.events.at(-1)!;
    if (answer.kind !== 'TRANSFERRED' || events[0]!.kind === 'REPEATED') return;
    const { ledgerId, asset, available, locked } = answer.transfer;
    const entry = events.flatMap(ledgerEntries).find(entry => entry.ledgerId === ledgerId);
    assert(entry !== undefined && 'account' in body);
    assert.equal(entry.account, body.account);
    assert.equal(entry.asset, asset);
    assert.equal(entry.balanceAfter, available + locked);
  }

  /** An order that the batch changed: its status says how much is filled, and it has a place where it rests. */
  #checkOrder(order: Order): void {
    const { orderId, quantity, filledQuantity, filledQuote, status, queuePlace, createdAt, updatedAt } =
      order;
    const name = `order ${orderId} ${status}`;
    const isWhole = filledQuantity === quantity;
    if (quantity !== null) assert.equal(status === 'FILLED', isWhole, `${name} filled ${filledQuantity}`);
    if (status === 'NEW') assert.equal(filledQuantity, 0, name);
    if (status === 'PARTIALLY_FILLED' || status === 'FILLED') assert.ok(filledQuantity > 0, name);
    assert.equal(filledQuantity > 0, filledQuote > 0n, `${name} filled for ${filledQuote}`);
    assert.equal(queuePlace, isOpen(status) ? orderId : 0, `place of ${name}`);
    assert.ok(createdAt <= updatedAt, `${name} updated before it was created`);
    assert.ok(
      updatedAt >= this.#batchBegan! && updatedAt <= this.exchange.time,
      `${name} updated ${updatedAt}`,
    );
  }

  /** The update id of a book rises by one exactly when its levels change; no book is crossed. */
  #checkBooks(answer: Answer): void {
    const after = this.#readBooks();
    for (const [market, { updateId, levels }] of after) {
      const before = this.#books.get(market) ?? { updateId: 0, levels: '[[],[]]' };
      const changed = levels !== before.levels;
      assert.equal(updateId, before.updateId + (changed ? 1 : 0), `update id of ${market}`);
      if (answer.kind === 'REFUSED') assert.ok(!changed, 'a refusal changes no book');
      const { bids, asks, lastTradeId } = this.#book(market);
      assert.equal(lastTradeId, this.#lastTradeIds.get(market) ?? 0, `last trade of ${market}`);
      if (bids[0] && asks[0]) assert.ok(bids[0][0] < asks[0][0], `${market} is crossed`);
    }
    this.#books = after;
  }

  /** The changes of the batch bring the depth of its markets to the books, with nothing missing in between. */
  #checkDepth({ depth }: BatchEffects): void {
    for (const change of depth) {
      const fold = this.#folds.get(change.market) ?? new DepthFold();
      this.#folds.set(change.market, fold);
      assert.equal(change.firstUpdateId, fold.lastUpdateId + 1, 'no update is missing or twice');
      assert.equal(fold.apply(change), 'APPLIED');
      for (const levels of [change.bids, change.asks]) {
        assert.equal(new Set(levels.map(([price]) => price)).size, levels.length, 'each price once');
      }
    }
    for (const market of this.#markets()) {
      const { lastUpdateId, bids, asks } = this.#book(market);
      const fold = this.#folds.get(market) ?? new DepthFold();
      assert.equal(fold.lastUpdateId, lastUpdateId, `update id of the depth of ${market}`);
      assert.deepEqual(fold.levels('bids', Infinity), bids, `bids of ${market}`);
      assert.deepEqual(fold.levels('asks', Infinity), asks, `asks of ${market}`);
    }
  }

  /** Each asset sums to zero, nobody is below it, and locked is what the open orders need. */
  #checkMoney(): void {
    const locks = new Map<string, bigint>();
    const sums = new Map<string, bigint>();
    for (const image of this.#images.values()) {
      if (image.kind !== 'order' || !isLive(image)) continue;
      const { owner, amount } = this.#needOf(image.entity);
      locks.set(owner, (locks.get(owner) ?? 0n) + amount);
    }
    for (const image of this.#images.values()) {
      if (image.kind !== 'balance') continue;
      const { account, asset, available, locked } = image.entity;
      assert.ok(available >= 0n || account === TREASURY, `account ${account} has ${available} ${asset}`);
      assert.equal(locked, locks.get(`${account} ${asset}`) ?? 0n, `locked of ${account} ${asset}`);
      sums.set(asset, (sums.get(asset) ?? 0n) + available + locked);
    }
    for (const [asset, sum] of sums) assert.equal(sum, 0n, `sum of ${asset}`);
  }

  #needOf(order: Order): { owner: string; amount: bigint } {
    const image = this.#images.get(`market ${order.market}`);
    assert(image?.kind === 'market');
    const { base, quote, lotSize, tickLotValue } = image.entity;
    const lots = BigInt(order.quantity! - order.filledQuantity);
    return order.side === 'BUY'
      ? { owner: `${order.account} ${quote}`, amount: lots * BigInt(order.price!) * tickLotValue }
      : { owner: `${order.account} ${base}`, amount: lots * lotSize };
  }

  #readBooks(): Books {
    return new Map(
      this.#markets().map(market => {
        const { lastUpdateId, bids, asks } = this.#book(market);
        return [market, { updateId: lastUpdateId, levels: JSON.stringify([bids, asks]) }];
      }),
    );
  }

  #book(market: string) {
    const answer = this.exchange.query({ kind: 'BOOK', body: { market } });
    assert.equal(answer.kind, 'BOOK');
    return answer.book;
  }

  #markets(): string[] {
    const answer = this.exchange.query({ kind: 'CATALOG', body: {} });
    assert.equal(answer.kind, 'CATALOG');
    return answer.markets.map(({ market }) => market);
  }
}

/** `order 1001 17`, `balance 1001 USDT`. */
export function nameOf({ kind, entity }: Image): string {
  const fields = entity as unknown as Record<string, string | number>;
  return [kind, ...KINDS[kind].key.map(field => fields[field])].join(' ');
}

function isLive({ kind, entity }: Image): boolean {
  return (KINDS[kind].live as (entity: unknown) => boolean)(entity);
}

/** By the order of KINDS, then by its `orderSql`. */
function inLoadOrder(left: Image, right: Image): number {
  const byKind = ENTITY_KINDS.indexOf(left.kind) - ENTITY_KINDS.indexOf(right.kind);
  if (byKind !== 0) return byKind;
  const [leftKey, rightKey] = [loadKey(left), loadKey(right)];
  const differs = leftKey.findIndex((part, index) => part !== rightKey[index]);
  return differs < 0 ? 0 : leftKey[differs]! < rightKey[differs]! ? -1 : 1;
}

function loadKey(image: Image): (string | number)[] {
  switch (image.kind) {
    case 'exchange':
      return [image.entity.id];
    case 'asset':
      return [image.entity.asset];
    case 'market':
      return [image.entity.market];
    case 'account':
      return [image.entity.account];
    case 'balance':
      return [image.entity.account, image.entity.asset];
    case 'order':
      return [image.entity.queuePlace, image.entity.orderId];
    case 'idempotencyKey':
      return [image.entity.ledgerId];
  }
}

/** A checkpoint as text, to compare two. */
export function checkpointText(checkpoint: readonly Image[]): string {
  return JSON.stringify(checkpoint.map(({ kind, entity }) => encodeImage<EntityKind>(kind, entity)));
}
