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

  {
    name: 'a delisted market may trade again',
    file: 'engine/core/listing.ts',
    from: "market.status === 'DELISTED' && body.status !== 'DELISTED'",
    to: 'false',
  },
  {
    name: 'a market that is delisted keeps its open orders',
    file: 'engine/core/listing.ts',
    from: "if (market.status === 'DELISTED') endOrders(state, market);",
    to: '',
  },
  {
    name: 'one command ends all orders of a market, however many',
    file: 'engine/core/listing.ts',
    from: 'ended < MAX_DELISTED_ORDERS',
    to: 'true',
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
    from: 'traders.openCount(trader) >= market.maxOpenOrders',
    to: 'traders.openCount(trader) > market.maxOpenOrders',
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
    from: 'plan.filled < quantity!',
    to: 'plan.filled === 0',
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
    from: 'state.ledger.unlock(funds, amount);',
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
    from: 'return slot !== NONE && state.traders.account(state.slots.trader(slot)) === account ? slot : NONE;',
    to: 'return slot;',
  },
  {
    name: 'cancel-all goes through the markets in the order in which they were made',
    file: 'engine/core/trading.ts',
    from: '[...markets.keys()].sort()',
    to: '[...markets.keys()]',
  },

  {
    name: 'an order that ends keeps its slot',
    file: 'engine/core/active-orders.ts',
    from: 'this.#slots.free(active.slot);',
    to: '',
  },

  // ---- the depth
  {
    name: 'a price whose level ended and began anew is told as gone',
    file: 'engine/core/depth-changes.ts',
    from: 'gone.has(key) || book.totalAt(side, price) > 0',
    to: 'gone.has(key)',
  },
  {
    name: 'a level that a batch told of is left out by the next',
    file: 'engine/core/depth-changes.ts',
    from: 'if (isUntold) this.#noted[level] = 0;',
    to: '',
  },
  {
    name: 'a price that got its level again is told twice',
    file: 'engine/core/depth-changes.ts',
    from: '} else if (!isUntold) {',
    to: '} else if (!isUntold && total < 0) {',
  },

  // ---- money
  {
    name: "a trade is at the taker's price",
    file: 'engine/core/settlement.ts',
    from: 'const { side: makerSide, price } = maker.order;',
    to: 'const { side: makerSide } = maker.order; const price = taker.order.price ?? maker.order.price;',
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
    from: 'chargeFee(state, taker, makerSide, takerFee)',
    to: 'null',
  },
  {
    name: "the taker pays the maker's fee",
    file: 'engine/core/settlement.ts',
    from: 'chargeFee(state, maker, takerSide, makerFee)',
    to: 'chargeFee(state, taker, makerSide, makerFee)',
  },
  {
    name: "the maker's fee is at the taker's rate",
    file: 'engine/core/settlement.ts',
    from: 'feeOn(takersAmount, market.makerFee)',
    to: 'feeOn(takersAmount, market.takerFee)',
  },
  {
    name: 'a fee is rounded up',
    file: 'engine/core/fees.ts',
    from: 'BigInt.asIntN(64, rest * fraction) / SCALE',
    to: '(rest * fraction + SCALE - 1n) / SCALE',
  },
  {
    name: 'an amount times its fee rate wraps at 64 bits',
    file: 'engine/core/fees.ts',
    from: 'return BigInt.asIntN(64, BigInt.asIntN(64, scales * fraction) + ofRest);',
    to: 'return BigInt.asIntN(64, received * fraction) / SCALE;',
  },

  {
    name: 'a trade does not say that the taker paid a fee',
    file: 'engine/core/settlement.ts',
    from: 'takerFeeAfter,',
    to: 'takerFeeAfter: null,',
  },
  {
    name: 'a trade says what the maker had before it paid',
    file: 'engine/core/settlement.ts',
    from: 'const makerPaidAfter = ledger.total(makerPays);',
    to: 'const makerPaidAfter = ledger.total(makerPays) + makersAmount;',
  },
  {
    name: 'a movement has one ledger id',
    file: 'engine/core/settlement.ts',
    from: 'state.takeLedgerIds(2 * movements)',
    to: 'state.takeLedgerIds(movements)',
  },
  {
    name: 'the ledger says what the payer of a fee had before it',
    file: 'shared/domain/events.ts',
    from: '[payer, had - amount]',
    to: '[payer, had]',
  },
  {
    name: 'an account may go below zero',
    file: 'engine/core/ledger.ts',
    from: 'if (account === TREASURY) return;',
    to: 'return;',
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
    from: 'this.#amounts[balance * CELLS + AVAILABLE]! -= amount;',
    to: 'this.#amounts[balance * CELLS + AVAILABLE]! -= amount; return;',
  },
  {
    name: 'a balance is touched once and never again',
    file: 'engine/core/touched-rows.ts',
    from: 'this.#flags[this.#rows[place]!] = 0;',
    to: ';',
  },
  {
    name: 'a market whose book changed is not touched',
    file: 'engine/core/trading.ts',
    from: 'market.tracking.touch();',
    to: '',
  },
  {
    name: 'the state hash keeps an order as it was',
    file: 'engine/core/order-records.ts',
    from: 'this.#hasher.remove(this.#words, order * WORDS + TERM);',
    to: '',
  },
  {
    name: 'a record keeps the hash of the order that it was before',
    file: 'engine/core/order-records.ts',
    from: 'HashTerm.clear(this.#words, record * WORDS + TERM);',
    to: '',
  },
];
