/**
 * The HTTP interface as data: every operation with who may call it, what it takes and what it answers. The routes, the
 * published documents and the client are made from this table, and it imports nothing of the server.
 */
import type { z } from 'zod';
import { ownEvents } from '../ws/messages.js';
import * as answers from './answers.js';
import * as schemas from './schemas.js';

export const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** Whose requests to a route are counted together: the caller's account's, or its address's. */
export type Limited = 'ACCOUNT' | 'ADDRESS';

export interface Operation {
  readonly method: Method;
  /** May end in `/:name`, which stands for one segment. */
  readonly path: string;
  readonly auth: 'none' | 'user' | 'admin';
  /** Of the body of a POST or PATCH, of the query string of a GET or DELETE. */
  readonly input: z.ZodType;
  /** Of an answer that is no `Reply`. */
  readonly status: 200 | 201;
  readonly answer: z.ZodType;
  /** Refused, before it is read, while more of it comes than is answered (crowd.ts). */
  readonly isShed?: true;
  /** Has a limit of its own (rate-limits.ts); by `ACCOUNT` only where there is a caller. */
  readonly limited?: Limited;
}

const V1 = '/api/v1';

// biome-ignore format: a table, one operation a line
export const OPERATIONS = {
  register: { method: 'POST', path: `${V1}/user/new`, auth: 'none', input: schemas.registration, status: 201, answer: answers.session, limited: 'ADDRESS' },
  logIn: { method: 'POST', path: `${V1}/user/login`, auth: 'none', input: schemas.login, status: 200, answer: answers.session, limited: 'ADDRESS' },
  profile: { method: 'GET', path: `${V1}/user`, auth: 'user', input: schemas.nothing, status: 200, answer: answers.profile },
  deposit: { method: 'POST', path: `${V1}/user/deposit`, auth: 'user', input: schemas.transfer, status: 201, answer: answers.transfer, limited: 'ACCOUNT' },
  withdraw: { method: 'POST', path: `${V1}/user/withdraw`, auth: 'user', input: schemas.transfer, status: 201, answer: answers.transfer, limited: 'ACCOUNT' },

  placeOrder: { method: 'POST', path: `${V1}/order`, auth: 'user', input: schemas.order, status: 201, answer: answers.order, isShed: true, limited: 'ACCOUNT' },
  getOrder: { method: 'GET', path: `${V1}/order`, auth: 'user', input: schemas.orderName, status: 200, answer: answers.order },
  openOrders: { method: 'GET', path: `${V1}/order/open`, auth: 'user', input: schemas.openOrders, status: 200, answer: answers.openOrders },
  cancelOrder: { method: 'DELETE', path: `${V1}/order`, auth: 'user', input: schemas.orderName, status: 200, answer: answers.order, limited: 'ACCOUNT' },
  cancelAll: { method: 'DELETE', path: `${V1}/order/open`, auth: 'user', input: schemas.openOrders, status: 200, answer: answers.canceled, limited: 'ACCOUNT' },

  orderHistory: { method: 'GET', path: `${V1}/user/order`, auth: 'user', input: schemas.orderHistory, status: 200, answer: answers.orderHistory },
  tradeHistory: { method: 'GET', path: `${V1}/user/trades`, auth: 'user', input: schemas.tradeHistory, status: 200, answer: answers.tradeHistory },
  ledgerHistory: { method: 'GET', path: `${V1}/user/ledger`, auth: 'user', input: schemas.ledgerHistory, status: 200, answer: answers.ledger },
  ownEvents: { method: 'GET', path: `${V1}/user/events`, auth: 'user', input: schemas.ownEvents, status: 200, answer: ownEvents },

  getMarkets: { method: 'GET', path: `${V1}/markets`, auth: 'none', input: schemas.nothing, status: 200, answer: answers.markets },
  getAssets: { method: 'GET', path: `${V1}/assets`, auth: 'none', input: schemas.nothing, status: 200, answer: answers.assets },
  getTime: { method: 'GET', path: `${V1}/time`, auth: 'none', input: schemas.nothing, status: 200, answer: answers.serverTime },
  getDepth: { method: 'GET', path: `${V1}/depth`, auth: 'none', input: schemas.depth, status: 200, answer: answers.depth },
  getTrades: { method: 'GET', path: `${V1}/trades`, auth: 'none', input: schemas.publicTrades, status: 200, answer: answers.trades },
  getTickers: { method: 'GET', path: `${V1}/ticker`, auth: 'none', input: schemas.ticker, status: 200, answer: answers.tickers },
  getKlines: { method: 'GET', path: `${V1}/klines`, auth: 'none', input: schemas.klines, status: 200, answer: answers.klines },

  createAsset: { method: 'POST', path: `${V1}/admin/assets`, auth: 'admin', input: schemas.asset, status: 201, answer: answers.asset },
  createMarket: { method: 'POST', path: `${V1}/admin/markets`, auth: 'admin', input: schemas.market, status: 201, answer: answers.market },
  updateMarket: { method: 'PATCH', path: `${V1}/admin/markets/:market`, auth: 'admin', input: schemas.marketUpdate, status: 200, answer: answers.market },
  depositForUser: { method: 'POST', path: `${V1}/admin/deposit`, auth: 'admin', input: schemas.adminDeposit, status: 201, answer: answers.transfer },

  getHealth: { method: 'GET', path: '/health', auth: 'none', input: schemas.nothing, status: 200, answer: answers.health },
  getReadiness: { method: 'GET', path: '/health/ready', auth: 'none', input: schemas.nothing, status: 200, answer: answers.readiness },
  getOpenApi: { method: 'GET', path: `${V1}/openapi.json`, auth: 'none', input: schemas.nothing, status: 200, answer: answers.document },
  getAsyncApi: { method: 'GET', path: `${V1}/asyncapi.json`, auth: 'none', input: schemas.nothing, status: 200, answer: answers.document },
} as const satisfies Record<string, Operation>;

export type Operations = typeof OPERATIONS;
export type OperationName = keyof Operations;
/** What a client sends: a query's values are text. */
export type Input<N extends OperationName> = z.input<Operations[N]['input']>;
export type Answer<N extends OperationName> = z.output<Operations[N]['answer']>;
