/** Checks the whole state against the promises of DESIGN.md section 1. Throws at the first contradiction. */
import {
  ENTITY_KINDS,
  type Entities,
  type EntityKind,
  KINDS,
  TREASURY,
} from '../../shared/domain/entities.js';
import { isOpen, SIDES } from '../../shared/domain/orders.js';
import { EntityHasher, HashSum, HashTerm } from './hash.js';
import { NONE } from './order-slots.js';
import type { State } from './state.js';
import { amountNeeded } from './trading.js';

/** @param stateHash the running hash after the last batch, which must have ended */
export function audit(state: State, stateHash: string): void {
  for (const market of state.markets.values()) market.book.audit();
  auditOrders(state);
  auditLocked(state);
  auditSums(state);
  const fromScratch = hashOf(state);
  if (fromScratch !== stateHash)
    throw new Error(`state hashes to ${fromScratch}, the running hash is ${stateHash}`);
}

/** Every open order can be found under its id and its name, by its trader and in its book, and nowhere else. */
function auditOrders(state: State): void {
  const { slots, openOrders } = state;
  let named = 0;
  for (let trader = 0; trader < state.traders.count; trader++) {
    const account = state.traders.account(trader);
    const market = state.traders.market(trader);
    const known =
      state.accounts.find(account) === state.traders.holder(trader) &&
      state.markets.get(market.market) === market;
    if (!known || market.trader(account) !== trader) throw new Error(`trader ${trader} is not who it is`);
    const open = state.traders.openOrders(trader);
    named += open.length;
    if (open.length !== state.traders.openCount(trader))
      throw new Error(`trader ${trader} has ${open.length} open orders`);
    for (const [place, slot] of open.entries()) {
      const { orderId, clientOrderId, side, price, quantity, filledQuantity, status } =
        state.orders.read(slot);
      const found =
        openOrders.withId(orderId) === slot && openOrders.withName(trader, clientOrderId) === slot;
      if (!found || slots.trader(slot) !== trader || slots.newer(slot) !== (open[place + 1] ?? NONE))
        throw new Error(`order ${orderId} is filed under ${account} ${market.market}`);
      if (market.book.sideOf(slot) !== side || market.book.priceOf(slot) !== price)
        throw new Error(`order ${orderId} rests at another price`);
      if (state.slots.remaining(slot) !== quantity! - filledQuantity)
        throw new Error(`order ${orderId} rests otherwise than it is`);
      if (!isOpen(status)) throw new Error(`order ${orderId} is ${status}, and open`);
    }
  }
  if (named !== openOrders.size || named !== openOrders.values().length)
    throw new Error(`${openOrders.size} orders by id, ${named} by trader`);
  auditRestingCount(state);
}

/** The books hold exactly the open orders' lots. */
function auditRestingCount(state: State): void {
  for (const market of state.markets.values()) {
    for (const side of SIDES) {
      let open = 0n;
      for (const slot of state.openOrders.values()) {
        if (state.traders.market(state.slots.trader(slot)) === market && market.book.sideOf(slot) === side)
          open += BigInt(state.slots.remaining(slot));
      }
      const resting = market.book.depth(side).reduce((sum, [, lots]) => sum + BigInt(lots), 0n);
      if (open !== resting)
        throw new Error(`${market.market} ${side}: ${resting} lots rest, ${open} are open`);
    }
  }
}

function auditLocked(state: State): void {
  const needs = new Map<number, bigint>();
  for (const slot of state.openOrders.values()) {
    const trader = state.slots.trader(slot);
    const order = state.orders.read(slot);
    const funds = state.traders.funds(trader, order.side);
    needs.set(funds, (needs.get(funds) ?? 0n) + amountNeeded(state.traders.market(trader), order));
  }
  for (const holder of state.accounts.holders()) {
    for (const balance of state.accounts.balances(holder).values()) {
      const { account, asset, available, locked } = state.ledger.read(balance);
      const need = needs.get(balance) ?? 0n;
      needs.delete(balance);
      if (locked !== need)
        throw new Error(`account ${account} ${asset}: ${locked} locked, open orders need ${need}`);
      if (available < 0n && account !== TREASURY)
        throw new Error(`account ${account} ${asset}: ${available} available`);
    }
  }
  if (needs.size > 0) throw new Error('orders are open of accounts that have nothing');
}

function auditSums(state: State): void {
  for (const asset of state.assets.keys()) {
    let sum = 0n;
    for (const holder of state.accounts.holders()) {
      const balance = state.accounts.balances(holder).get(asset);
      if (balance === undefined) continue;
      const { available, locked } = state.ledger.read(balance);
      sum += available + locked;
    }
    if (sum !== 0n) throw new Error(`${asset} sums to ${sum}`);
  }
}

function hashOf(state: State): string {
  const sum = new HashSum();
  for (const kind of ENTITY_KINDS) addHashes(sum, kind, entitiesOf(state, kind));
  return sum.toString();
}

function addHashes<K extends EntityKind>(sum: HashSum, kind: K, entities: Iterable<Entities[K]>): void {
  const hasher = new EntityHasher(kind);
  for (const entity of entities) {
    if (!KINDS[kind].live(entity)) continue;
    const term = new HashTerm();
    hasher.hash(entity, term);
    sum.add(term);
  }
}

function entitiesOf<K extends EntityKind>(state: State, kind: K): Iterable<Entities[K]> {
  const entities: { [K in EntityKind]: () => Iterable<Entities[K]> } = {
    exchange: () => [state.exchange],
    asset: () => state.assets.values(),
    market: () => state.markets.values(),
    account: () => Array.from(state.accounts.holders(), holder => state.accounts.read(holder)),
    balance: () =>
      Array.from(state.accounts.holders()).flatMap(holder =>
        Array.from(state.accounts.balances(holder).values(), balance => state.ledger.read(balance)),
      ),
    order: () => state.openOrders.values().map(slot => state.orders.read(slot)),
    idempotencyKey: () => state.idempotencyKeys.values(),
  };
  return entities[kind]();
}
