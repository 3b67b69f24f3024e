/**
 * An example of each operation, as the published document shows it.
 *
 * Guarantees: an operation without one does not compile, nor does an example that its schemas do not allow. In this
 * order they can be sent to a fresh exchange, and answer what stands here but for ids, times and tokens; a test does
 * that.
 */
import type { Answer, Input, OperationName } from './operations.js';

export interface Example<N extends OperationName> {
  /** For `:name` in the path. */
  readonly parameter?: string;
  readonly request: Input<N>;
  readonly answer: Answer<N>;
}

const ORDER_NAME = { market: 'BTC_USDT', clientOrderId: 'my-first-order' };

const SESSION = {
  userId: '1003',
  email: 'me@example.com',
  role: 'USER',
  token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…',
  expiresAt: 1767312058000,
} as const;

const ORDER: Answer<'placeOrder'> = {
  orderId: '15',
  clientOrderId: 'my-first-order',
  market: 'BTC_USDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  price: '50000.00',
  quantity: '0.10000',
  filledQuantity: '0.01000',
  filledQuote: '500.00000000',
  averagePrice: '50000.00',
  status: 'PARTIALLY_FILLED',
  selfTradePrevention: 'EXPIRE_MAKER',
  createdAt: 1767225658904,
  updatedAt: 1767225658904,
  fills: [
    {
      tradeId: '1',
      price: '50000.00',
      quantity: '0.01000',
      fee: '0.00000000',
      feeAsset: 'BTC',
      maker: false,
      time: 1767225658904,
    },
  ],
};
const CANCELED: Answer<'cancelOrder'> = { ...ORDER, status: 'CANCELED', updatedAt: 1767225659047 };

const NEW_MARKET: Answer<'createMarket'> = {
  market: 'DOGE_USDT',
  base: 'DOGE',
  quote: 'USDT',
  tickSize: '0.00001',
  lotSize: '1',
  minQuantity: '1',
  maxQuantity: '10000000',
  minPrice: '0.00001',
  maxPrice: '100.00000',
  minNotional: '1.00000000',
  maxOpenOrders: 1000,
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'TRADING',
};

export const EXAMPLES: { readonly [N in OperationName]: Example<N> } = {
  register: {
    request: { email: 'me@example.com', password: 'correct horse' },
    answer: SESSION,
  },
  logIn: {
    request: { email: 'me@example.com', password: 'correct horse' },
    answer: SESSION,
  },
  profile: {
    request: {},
    answer: {
      userId: '1003',
      email: 'me@example.com',
      role: 'USER',
      createdAt: 1767225658607,
      balances: [
        { asset: 'ADA', available: '0.000000', locked: '0.000000' },
        { asset: 'BTC', available: '0.00000000', locked: '0.00000000' },
        { asset: 'ETH', available: '0.00000000', locked: '0.00000000' },
        { asset: 'USDT', available: '0.00000000', locked: '0.00000000' },
      ],
    },
  },
  deposit: {
    request: { asset: 'USDT', amount: '10000', id: 'my-first-deposit' },
    answer: {
      ledgerId: '6',
      asset: 'USDT',
      amount: '10000.00000000',
      balance: { available: '10000.00000000', locked: '0.00000000' },
    },
  },
  withdraw: {
    request: { asset: 'USDT', amount: '100.5' },
    answer: {
      ledgerId: '7',
      asset: 'USDT',
      amount: '100.50000000',
      balance: { available: '9899.50000000', locked: '0.00000000' },
    },
  },
  placeOrder: {
    request: { ...ORDER_NAME, side: 'BUY', type: 'LIMIT', price: '50000', quantity: '0.1' },
    answer: ORDER,
  },
  getOrder: {
    request: ORDER_NAME,
    answer: ORDER,
  },
  openOrders: {
    request: { market: 'BTC_USDT' },
    answer: [ORDER],
  },
  cancelOrder: {
    request: ORDER_NAME,
    answer: CANCELED,
  },
  cancelAll: {
    request: { market: 'BTC_USDT' },
    answer: { canceled: [] },
  },
  orderHistory: {
    request: { market: 'BTC_USDT', limit: '10' },
    answer: { items: [CANCELED], nextCursor: null },
  },
  tradeHistory: {
    request: { market: 'BTC_USDT', limit: '10' },
    answer: {
      items: [
        {
          tradeId: '1',
          orderId: '15',
          market: 'BTC_USDT',
          side: 'BUY',
          price: '50000.00',
          quantity: '0.01000',
          quoteQuantity: '500.00000000',
          fee: '0.00000000',
          feeAsset: 'BTC',
          maker: false,
          time: 1767225658904,
        },
      ],
      nextCursor: null,
    },
  },
  ledgerHistory: {
    request: { asset: 'USDT', limit: '10' },
    answer: {
      items: [
        {
          ledgerId: '9',
          asset: 'USDT',
          amount: '-500.00000000',
          type: 'TRADE',
          reference: 'BTC_USDT:1',
          balanceAfter: '9399.50000000',
          time: 1767225658904,
        },
        {
          ledgerId: '7',
          asset: 'USDT',
          amount: '-100.50000000',
          type: 'WITHDRAWAL',
          reference: null,
          balanceAfter: '9899.50000000',
          time: 1767225658867,
        },
        {
          ledgerId: '6',
          asset: 'USDT',
          amount: '10000.00000000',
          type: 'DEPOSIT',
          reference: 'my-first-deposit',
          balanceAfter: '10000.00000000',
          time: 1767225658816,
        },
      ],
      nextCursor: null,
    },
  },
  ownEvents: {
    request: { since: '0', limit: '1' },
    answer: [
      {
        e: 'balanceUpdate',
        seq: 1,
        E: 1767225658850,
        a: 'USDT',
        f: '10000.00000000',
        l: '0.00000000',
        d: '10000.00000000',
        r: 'DEPOSIT',
      },
    ],
  },
  getMarkets: {
    request: {},
    answer: [
      {
        market: 'ADA_USDT',
        base: 'ADA',
        quote: 'USDT',
        tickSize: '0.0001',
        lotSize: '0.1',
        minQuantity: '0.1',
        maxQuantity: '1000000.0',
        minPrice: '0.0001',
        maxPrice: '10000.0000',
        minNotional: '1.00000000',
        maxOpenOrders: 1000,
        makerFee: '0',
        takerFee: '0',
        status: 'TRADING',
      },
      {
        market: 'BTC_USDT',
        base: 'BTC',
        quote: 'USDT',
        tickSize: '0.01',
        lotSize: '0.00001',
        minQuantity: '0.00001',
        maxQuantity: '1000.00000',
        minPrice: '0.01',
        maxPrice: '10000000.00',
        minNotional: '1.00000000',
        maxOpenOrders: 1000,
        makerFee: '0',
        takerFee: '0',
        status: 'TRADING',
      },
      {
        market: 'ETH_USDT',
        base: 'ETH',
        quote: 'USDT',
        tickSize: '0.01',
        lotSize: '0.0001',
        minQuantity: '0.0001',
        maxQuantity: '10000.0000',
        minPrice: '0.01',
        maxPrice: '1000000.00',
        minNotional: '1.00000000',
        maxOpenOrders: 1000,
        makerFee: '0',
        takerFee: '0',
        status: 'TRADING',
      },
    ],
  },
  getAssets: {
    request: {},
    answer: [
      { asset: 'ADA', decimals: 6, status: 'ACTIVE' },
      { asset: 'BTC', decimals: 8, status: 'ACTIVE' },
      { asset: 'ETH', decimals: 8, status: 'ACTIVE' },
      { asset: 'USDT', decimals: 8, status: 'ACTIVE' },
    ],
  },
  getTime: {
    request: {},
    answer: { time: 1767225659145 },
  },
  getDepth: {
    request: { market: 'BTC_USDT', limit: '5' },
    answer: {
      market: 'BTC_USDT',
      lastUpdateId: 5,
      bids: [['49900.00', '0.02000']],
      asks: [['50100.00', '0.02000']],
    },
  },
  getTrades: {
    request: { market: 'BTC_USDT', limit: '5' },
    answer: [
      {
        tradeId: '1',
        price: '50000.00',
        quantity: '0.01000',
        quoteQuantity: '500.00000000',
        time: 1767225658904,
        buyerIsMaker: false,
      },
    ],
  },
  getTickers: {
    request: { market: 'BTC_USDT' },
    answer: {
      market: 'BTC_USDT',
      open: '50000.00',
      high: '50000.00',
      low: '50000.00',
      last: '50000.00',
      volume: '0.01000000',
      quoteVolume: '500.00000000',
      change: '0.00',
      changePercent: '0.00',
      trades: 1,
      bid: '49900.00',
      bidQuantity: '0.02000',
      ask: '50100.00',
      askQuantity: '0.02000',
      openTime: 1767139320000,
      closeTime: 1767225658904,
    },
  },
  getKlines: {
    request: { market: 'BTC_USDT', interval: '1m', limit: '5' },
    answer: [
      {
        openTime: 1767225600000,
        open: '50000.00',
        high: '50000.00',
        low: '50000.00',
        close: '50000.00',
        volume: '0.01000000',
        closeTime: 1767225659999,
        quoteVolume: '500.00000000',
        trades: 1,
        takerBuyVolume: '0.01000000',
        takerBuyQuoteVolume: '500.00000000',
        firstTradeId: '1',
        lastTradeId: '1',
      },
    ],
  },
  createAsset: {
    request: { asset: 'DOGE', decimals: 8 },
    answer: { asset: 'DOGE', decimals: 8, status: 'ACTIVE' },
  },
  createMarket: {
    request: {
      market: 'DOGE_USDT',
      tickSize: '0.00001',
      lotSize: '1',
      minNotional: '1',
      makerFee: '0.001',
      takerFee: '0.001',
    },
    answer: NEW_MARKET,
  },
  updateMarket: {
    parameter: 'DOGE_USDT',
    request: { status: 'CANCEL_ONLY' },
    answer: { ...NEW_MARKET, status: 'CANCEL_ONLY' },
  },
  depositForUser: {
    request: { userId: '1002', asset: 'BTC', amount: '1', id: 'welcome-1002' },
    answer: {
      ledgerId: '14',
      asset: 'BTC',
      amount: '1.00000000',
      balance: { available: '1.97000000', locked: '0.02000000' },
    },
  },
  getHealth: {
    request: {},
    answer: { status: 'alive' },
  },
  getReadiness: {
    request: {},
    answer: {
      ready: true,
      sequence: 21,
      leader: { instance: 'engine', epoch: 1 },
      standbys: [],
      redis: 'up',
      postgres: 'up',
      dbWriter: { watermark: 21, lag: 0 },
    },
  },
  getOpenApi: {
    request: {},
    answer: { openapi: '3.1.0' },
  },
  getAsyncApi: {
    request: {},
    answer: { asyncapi: '3.0.0' },
  },
};
