/**
 * Faults that the tests of the core must find, one line each. `from` stands exactly once in its file, or `npm run
 * mutate` says that the list is out of date.
 */

export interface Fault {
  /** What it breaks. */
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const FAULTS: readonly Fault[] = [
  // ---- the exchange
  {
    name: 'a command that is taken at its deadline is refused',
    file: 'engine/core/exchange.ts',
    from: 'time > deadline ?',
    to: 'time >= deadline ?',
  },

  // ---- what a market must be
  {
    name: 'the largest order may come to 2^62 of base',
    file: 'engine/core/listing.ts',
    from: 'base < MAX_AMOUNT',
    to: 'base <= MAX_AMOUNT',
  },
  {
    name: 'the largest order may come to 2^62 of quote',
    file: 'engine/core/listing.ts',
    from: 'quote < MAX_AMOUNT',
    to: 'quote <= MAX_AMOUNT',
  },

  // ---- what an order must be
  {
    name: 'an order worth just the minimum notional is refused',
    file: 'engine/core/checks.ts',
    from: 'quoteOf(market, ticks, quantity!) < market.minNotional',
    to: 'quoteOf(market, ticks, quantity!) <= market.minNotional',
  },
  {
    name: 'a LIMIT_MAKER order may take',
    file: 'engine/core/checks.ts',
    from: "return order.type === 'LIMIT_MAKER' &&",
    to: 'return false &&',
  },
  {
    name: 'an account may have one open order too many',
    file: 'engine/core/checks.ts',
    from: 'trader.openCount >= market.maxOpenOrders',
    to: 'trader.openCount > market.maxOpenOrders',
  },
  {
    name: 'a level may hold 2^53 lots',
    file: 'engine/core/checks.ts',
    from: '> Number.MAX_SAFE_INTEGER',
    to: '> Number.MAX_SAFE_INTEGER + 1',
  },

  // ---- matching
  {
    name: 'the order that rests shortest at its price is met first',
    file: 'engine/core/order-book.ts',
    from: 'return this.#oldest[level]!;',
    to: 'return this.#newest[level]!;',
  },
  {
    name: 'the total of a level is not reduced',
    file: 'engine/core/order-book.ts',
    from: 'this.#total[this.#orders.level(order)]! -= lots;',
    to: '',
  },
  {
    name: 'an order does not trade at its own limit',
    file: 'engine/core/matching.ts',
    from: 'levels.keyAt(index) >= worst',
    to: 'levels.keyAt(index) > worst',
  },
  {
    name: 'self-trade is not prevented',
    file: 'engine/core/matching.ts',
    from: 'orders.trader(maker) === taker.trader &&',
    to: 'false &&',
  },
  {
    name: 'EXPIRE_BOTH goes on matching',
    file: 'engine/core/matching.ts',
    from: "if (taker.selfTradePrevention === 'EXPIRE_MAKER') continue;",
    to: "if (taker.selfTradePrevention !== 'EXPIRE_TAKER') continue;",
  },
  {
    name: 'a budget is spent anew on each level',
    file: 'engine/core/matching.ts',
    from: 'if (budget !== null) budget -= product(price, plan.filled - filledBefore);',
    to: '',
  },
  {
    name: 'the value of a market order wraps at 64 bits',
    file: 'engine/core/matching.ts',
    from: 'return value;',
    to: 'return BigInt.asIntN(64, value);',
  },

  // ---- what becomes of an order
  {
    name: 'a FOK order fills partly',
    file: 'engine/core/trading.ts',
    from: 'state.plan.filled < body.quantity!',
    to: 'state.plan.filled === 0',
  },
  {
    name: 'an IOC order rests',
    file: 'engine/core/trading.ts',
    from: "timeInForce === 'GTC'",
    to: 'timeInForce !== null',
  },
  {
    name: 'an order that ends keeps its money locked',
    file: 'engine/core/trading.ts',
    from: 'unlock(state.funds(trader, state.orders.side(order)), amountNeeded(state, trader.market, order));',
    to: '',
  },
  {
    name: 'the update id is not counted',
    file: 'engine/core/trading.ts',
    from: 'market.updateId++;',
    to: '',
  },
  {
    name: 'the update id rises more than once for a command',
    file: 'engine/core/trading.ts',
    from: 'if (market.bookChangedAt === exchange.sequence) return;',
    to: '',
  },
  {
    name: 'the update id rises once for a batch',
    file: 'engine/core/trading.ts',
    from: 'if (market.bookChangedAt === exchange.sequence) return;',
    to: 'if (changedBooks.has(market)) return;',
  },
  {
    name: "a stranger's order can be cancelled by its id",
    file: 'engine/core/trading.ts',
    from: 'return order !== NONE && state.traderOf(order).holder.account === account ? order : NONE;',
    to: 'return order;',
  },
  {
    name: 'cancel-all goes through the markets in the order in which the account came to them',
    file: 'engine/core/trading.ts',
    from: '.sort((a, b) => (a.market.market < b.market.market ? -1 : 1))',
    to: '',
  },

  // ---- money
  {
    name: "a trade is at the taker's price",
    file: 'engine/core/settlement.ts',
    from: 'const price = orders.price(maker);',
    to: 'const price = orders.price(taker) || orders.price(maker);',
  },
  {
    name: 'the trade id is not counted',
    file: 'engine/core/settlement.ts',
    from: 'const tradeId = ++market.lastTradeId;',
    to: 'const tradeId = market.lastTradeId;',
  },
  {
    name: 'the taker pays no fee',
    file: 'engine/core/settlement.ts',
    from: 'chargeFee(state, taker, makerSide, trade.takerFee, trade);',
    to: '',
  },
  {
    name: "the taker pays the maker's fee",
    file: 'engine/core/settlement.ts',
    from: 'chargeFee(state, maker, takerSide, trade.makerFee, trade);',
    to: 'chargeFee(state, taker, makerSide, trade.makerFee, trade);',
  },
  {
    name: "the maker's fee is at the taker's rate",
    file: 'engine/core/settlement.ts',
    from: 'quoteAmount, market.makerFee)',
    to: 'quoteAmount, market.takerFee)',
  },
  {
    name: 'a fee is rounded up',
    file: 'engine/core/fees.ts',
    from: '(received * BigInt(rate)) / SCALE',
    to: '(received * BigInt(rate) + SCALE - 1n) / SCALE',
  },
  {
    name: 'an amount times its fee rate wraps at 64 bits',
    file: 'engine/core/fees.ts',
    from: '(received * BigInt(rate)) / SCALE',
    to: 'BigInt.asIntN(64, received * BigInt(rate)) / SCALE',
  },

  // ---- deposits and withdrawals
  {
    name: 'an idempotency key is ignored',
    file: 'engine/core/transfers.ts',
    from: 'if (known !== undefined) return repeat(state, known, type, body);',
    to: '',
  },
  {
    name: 'an idempotency key lives a millisecond too long',
    file: 'engine/core/transfers.ts',
    from: '>= IDEMPOTENCY_KEY_LIFE_MS',
    to: '> IDEMPOTENCY_KEY_LIFE_MS',
  },
  {
    name: 'an asset may not be issued up to its last unit',
    file: 'engine/core/transfers.ts',
    from: 'issued + amount > MAX_AMOUNT',
    to: 'issued + amount >= MAX_AMOUNT',
  },

  // ---- the state hash
  {
    name: 'the state hash forgets the first field of each table',
    file: 'engine/core/hash.ts',
    from: 'fields as Record<string, Field<Value>>);',
    to: 'fields as Record<string, Field<Value>>).slice(1);',
  },
  {
    name: 'the state hash forgets the upper half of an integer',
    file: 'engine/core/hash.ts',
    from: "mix('(value / 0x100000000) | 0')",
    to: "mix('0')",
  },
  {
    name: 'a payer is not touched',
    file: 'engine/core/ledger.ts',
    from: 'payer.tracking.touch();',
    to: '',
  },
  {
    name: 'a market whose book changed is not touched',
    file: 'engine/core/trading.ts',
    from: 'market.tracking.touch();',
    to: '',
  },
  {
    name: 'a record keeps the hash of the order that it was before',
    file: 'engine/core/order-records.ts',
    from: 'bytes[byte + FIXED_KNOWN] = 0;',
    to: '',
  },
];
