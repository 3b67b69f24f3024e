/** Every route, with who may call it, what it takes and what answers. */
import * as admin from './admin.js';
import * as health from './health.js';
import * as markets from './markets.js';
import * as orders from './orders.js';
import { type Route, route } from './route.js';
import * as schemas from './schemas.js';
import * as users from './users.js';

const V1 = '/api/v1';

// biome-ignore format: a table, one route a line
export const ROUTES: readonly Route[] = [
  route({ method: 'POST', path: `${V1}/order`, auth: 'user', input: schemas.order, status: 201, isShed: true, limited: 'ACCOUNT', handle: orders.placeOrder }),
  route({ method: 'GET', path: `${V1}/order`, auth: 'user', input: schemas.orderName, status: 200, handle: orders.getOrder }),
  route({ method: 'DELETE', path: `${V1}/order`, auth: 'user', input: schemas.orderName, status: 200, limited: 'ACCOUNT', handle: orders.cancelOrder }),
  route({ method: 'GET', path: `${V1}/order/open`, auth: 'user', input: schemas.openOrders, status: 200, handle: orders.openOrders }),
  route({ method: 'DELETE', path: `${V1}/order/open`, auth: 'user', input: schemas.openOrders, status: 200, limited: 'ACCOUNT', handle: orders.cancelAll }),

  route({ method: 'POST', path: `${V1}/user/new`, auth: 'none', input: schemas.registration, status: 201, limited: 'ADDRESS', handle: users.register }),
  route({ method: 'POST', path: `${V1}/user/login`, auth: 'none', input: schemas.login, status: 200, limited: 'ADDRESS', handle: users.logIn }),
  route({ method: 'GET', path: `${V1}/user`, auth: 'user', input: schemas.nothing, status: 200, handle: users.profile }),
  route({ method: 'POST', path: `${V1}/user/deposit`, auth: 'user', input: schemas.transfer, status: 201, limited: 'ACCOUNT', handle: users.deposit }),
  route({ method: 'POST', path: `${V1}/user/withdraw`, auth: 'user', input: schemas.transfer, status: 201, limited: 'ACCOUNT', handle: users.withdraw }),
  route({ method: 'GET', path: `${V1}/user/order`, auth: 'user', input: schemas.orderHistory, status: 200, handle: users.orderHistory }),
  route({ method: 'GET', path: `${V1}/user/trades`, auth: 'user', input: schemas.tradeHistory, status: 200, handle: users.tradeHistory }),
  route({ method: 'GET', path: `${V1}/user/ledger`, auth: 'user', input: schemas.ledgerHistory, status: 200, handle: users.ledgerHistory }),

  route({ method: 'GET', path: `${V1}/markets`, auth: 'none', input: schemas.nothing, status: 200, handle: markets.getMarkets }),
  route({ method: 'GET', path: `${V1}/assets`, auth: 'none', input: schemas.nothing, status: 200, handle: markets.getAssets }),
  route({ method: 'GET', path: `${V1}/time`, auth: 'none', input: schemas.nothing, status: 200, handle: markets.getTime }),
  route({ method: 'GET', path: `${V1}/depth`, auth: 'none', input: schemas.depth, status: 200, handle: markets.getDepth }),
  route({ method: 'GET', path: `${V1}/trades`, auth: 'none', input: schemas.publicTrades, status: 200, handle: markets.getTrades }),
  route({ method: 'GET', path: `${V1}/ticker`, auth: 'none', input: schemas.ticker, status: 200, handle: markets.getTickers }),
  route({ method: 'GET', path: `${V1}/klines`, auth: 'none', input: schemas.klines, status: 200, handle: markets.getKlines }),

  route({ method: 'POST', path: `${V1}/admin/assets`, auth: 'admin', input: schemas.asset, status: 201, handle: admin.createAsset }),
  route({ method: 'POST', path: `${V1}/admin/markets`, auth: 'admin', input: schemas.market, status: 201, handle: admin.createMarket }),
  route({ method: 'PATCH', path: `${V1}/admin/markets/:market`, auth: 'admin', input: schemas.marketUpdate, status: 200, handle: admin.updateMarket }),
  route({ method: 'POST', path: `${V1}/admin/deposit`, auth: 'admin', input: schemas.adminDeposit, status: 201, handle: admin.depositForUser }),

  route({ method: 'GET', path: '/health', auth: 'none', input: schemas.nothing, status: 200, handle: health.getHealth }),
  route({ method: 'GET', path: '/health/ready', auth: 'none', input: schemas.nothing, status: 200, handle: health.getReadiness }),
];
