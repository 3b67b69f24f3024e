/** Every operation with what handles it. One without a handler, or whose handler answers another form, does not compile. */
import * as admin from './admin.js';
import * as documents from './documents.js';
import * as health from './health.js';
import * as markets from './markets.js';
import { OPERATIONS, type OperationName, type Operations } from './operations.js';
import * as orders from './orders.js';
import type { Handler, Route } from './route.js';
import * as users from './users.js';

const HANDLERS: { readonly [N in OperationName]: Handler<Operations[N]> } = {
  register: users.register,
  logIn: users.logIn,
  profile: users.profile,
  deposit: users.deposit,
  withdraw: users.withdraw,

  placeOrder: orders.placeOrder,
  getOrder: orders.getOrder,
  openOrders: orders.openOrders,
  cancelOrder: orders.cancelOrder,
  cancelAll: orders.cancelAll,

  orderHistory: users.orderHistory,
  tradeHistory: users.tradeHistory,
  ledgerHistory: users.ledgerHistory,
  ownEvents: users.ownEvents,

  getMarkets: markets.getMarkets,
  getAssets: markets.getAssets,
  getTime: markets.getTime,
  getDepth: markets.getDepth,
  getTrades: markets.getTrades,
  getTickers: markets.getTickers,
  getKlines: markets.getKlines,

  createAsset: admin.createAsset,
  createMarket: admin.createMarket,
  updateMarket: admin.updateMarket,
  depositForUser: admin.depositForUser,

  getHealth: health.getHealth,
  getReadiness: health.getReadiness,
  getOpenApi: documents.getOpenApi,
  getAsyncApi: documents.getAsyncApi,
};

export const ROUTES: readonly Route[] = Object.entries(OPERATIONS).map(
  ([name, operation]) => ({ ...operation, handle: HANDLERS[name as OperationName] }) as Route,
);
