/** Facts, as of the last applied command. A query changes nothing. */
import type { Answer } from '../../shared/domain/answers.js';
import type { AccountOrders, OrderName, Query } from '../../shared/domain/commands.js';
import type { Balance } from '../../shared/domain/entities.js';
import { reject } from '../../shared/domain/rejects.js';
import { NONE } from './order-slots.js';
import type { State } from './state.js';
import { findOrder, openOrders } from './trading.js';

export function answerQuery(state: State, query: Query): Answer {
  switch (query.kind) {
    case 'GET_ORDER':
      return getOrder(state, query.body);
    case 'OPEN_ORDERS':
      return openOrdersOf(state, query.body);
    case 'BALANCES':
      return {
        kind: 'BALANCES',
        balances: balancesOf(state, query.body.account),
      };
    case 'BOOK':
      return book(state, query.body.market);
    case 'CATALOG':
      return { kind: 'CATALOG', assets: [...state.assets.values()], markets: [...state.markets.values()] };
  }
}

function balancesOf({ accounts, ledger }: State, account: number): Balance[] {
  const holder = accounts.find(account);
  if (holder === NONE) return [];
  return Array.from(accounts.balances(holder).values(), balance => ledger.read(balance));
}

function getOrder(state: State, name: OrderName): Answer {
  if (name.market !== null && !state.markets.has(name.market)) return refused('UNKNOWN_MARKET');
  const order = findOrder(state, name);
  const { sequence } = state.exchange;
  return order === NONE
    ? { kind: 'NOT_HELD', sequence }
    : { kind: 'ORDER', order: state.orders.read(order), trades: [], sequence };
}

function openOrdersOf(state: State, { account, market }: AccountOrders): Answer {
  if (market !== null && !state.markets.has(market)) return refused('UNKNOWN_MARKET');
  const orders = openOrders(state, { account, market })
    .map(order => state.orders.read(order))
    .sort((a, b) => a.orderId - b.orderId);
  return { kind: 'ORDERS', orders, sequence: state.exchange.sequence };
}

function book(state: State, name: string): Answer {
  const market = state.markets.get(name);
  if (market === undefined) return refused('UNKNOWN_MARKET');
  return {
    kind: 'BOOK',
    book: {
      market: name,
      lastUpdateId: market.updateId,
      lastTradeId: market.lastTradeId,
      bids: market.book.depth('BUY'),
      asks: market.book.depth('SELL'),
    },
  };
}

function refused(code: 'UNKNOWN_MARKET'): Answer {
  return { kind: 'REFUSED', reject: reject(code) };
}
