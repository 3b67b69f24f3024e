/** Checks the whole state against the promises of DESIGN.md section 1. Throws at the first contradiction. */
import {
  ENTITY_KINDS,
  type Entities,
  type EntityKind,
  KINDS,
  TREASURY,
} from '../../shared/domain/entities.js';
import { EntityHasher, HashSum, HashTerm } from './hash.js';
import type { State } from './state.js';

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

/** Every open order stands where the maps and its book say, with what is left of it. */
function auditOrders(state: State): void {
  let named = 0;
  for (const holder of state.accounts.values()) {
    for (const trader of holder.traders) {
      for (const order of trader.openOrders()) {
        named++;
        const { orderId, clientOrderId } = order;
        const found =
          state.orders.get(orderId) === order && state.orders.named(trader, clientOrderId) === order;
        const own = order.trader === trader && trader.holder === holder && order.account === holder.account;
        const known = state.markets.get(order.market) === trader.market;
        if (!found || !own || !known)
          throw new Error(
            `order ${orderId} is filed under ${holder.account} ${trader.market.market} ${clientOrderId}`,
          );
      }
    }
  }
  if (named !== state.orders.size) throw new Error(`${state.orders.size} orders by id, ${named} by account`);
  for (const order of state.orders.values()) {
    const { book, resting } = order.trader.market;
    const lots = order.remaining;
    if (resting[order.slot] !== order)
      throw new Error(`order ${order.orderId} does not hold slot ${order.slot}`);
    if (book.remainingOf(order.slot) !== lots || book.accountOf(order.slot) !== order.account) {
      throw new Error(`order ${order.orderId} rests otherwise than it is`);
    }
  }
  auditRestingCount(state);
}

/** The books hold exactly the open orders' lots. */
function auditRestingCount(state: State): void {
  for (const market of state.markets.values()) {
    for (const side of ['BUY', 'SELL'] as const) {
      let open = 0n;
      for (const order of state.orders.values()) {
        if (order.market === market.market && order.side === side) open += BigInt(order.remaining!);
      }
      const resting = market.book.depth(side).reduce((sum, [, lots]) => sum + BigInt(lots), 0n);
      if (open !== resting)
        throw new Error(`${market.market} ${side}: ${resting} lots rest, ${open} are open`);
    }
  }
}

function auditLocked(state: State): void {
  const needs = new Map<string, bigint>();
  for (const order of state.orders.values()) {
    const name = `${order.account} ${order.trader.market.paidIn(order.side)}`;
    needs.set(name, (needs.get(name) ?? 0n) + order.amountNeeded);
  }
  for (const { account, balances } of state.accounts.values()) {
    for (const { asset, available, locked } of balances.values()) {
      const need = needs.get(`${account} ${asset}`) ?? 0n;
      if (locked !== need)
        throw new Error(`account ${account} ${asset}: ${locked} locked, open orders need ${need}`);
      if (available < 0n && account !== TREASURY)
        throw new Error(`account ${account} ${asset}: ${available} available`);
    }
  }
}

function auditSums(state: State): void {
  for (const asset of state.assets.keys()) {
    let sum = 0n;
    for (const { balances } of state.accounts.values()) {
      const balance = balances.get(asset);
      if (balance !== undefined) sum += balance.available + balance.locked;
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
    balance: () => [...state.accounts.values()].flatMap(({ balances }) => [...balances.values()]),
    order: () => state.orders.values(),
    idempotencyKey: () => state.idempotencyKeys.values(),
  };
  return entities[kind]();
}
