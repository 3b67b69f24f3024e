/** Trades: none is missing, each fits its two orders, and the orders, of which none is there twice, are filled by just these. */
import { type Check, check, counted } from './check.js';
import { assertNone, countOf, type Evidence } from './evidence.js';

export async function* checkTrades(evidence: Evidence): AsyncIterable<Check> {
  const proofs = {
    'trades without gaps': proveIds,
    'orders are there once': proveOrders,
    'trades and their orders': proveTerms,
    'orders and their fills': proveFills,
    'orders and their status': proveStatus,
  };
  for (const [name, prove] of Object.entries(proofs)) {
    evidence.say(name);
    yield await check(name, () => prove(evidence));
  }
}

async function proveIds(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('%s has %s trades from %s to %s, the market has counted to %s', market, count, first, last, last_trade_id) AS found
     FROM markets FULL JOIN (
       SELECT market, count(*), min(trade_id) AS first, max(trade_id) AS last FROM trades GROUP BY market
     ) AS traded USING (market)
     WHERE last_trade_id IS DISTINCT FROM coalesce(count, 0) OR first <> 1 OR last <> last_trade_id`,
  );
  const markets = await countOf(evidence, 'SELECT count(*) FROM markets');
  const trades = await countOf(evidence, 'SELECT count(*) FROM trades');
  return `${counted(trades, 'trades')} of ${counted(markets, 'markets')}`;
}

/** An order that changes moves from the open orders to the ended ones. */
async function proveOrders(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('order %s is there %s times', order_id, count(*)) AS found
     FROM orders GROUP BY order_id HAVING count(*) > 1`,
  );
  return counted(await countOf(evidence, 'SELECT count(*) FROM orders'), 'orders');
}

async function proveTerms(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('trade %s of %s does not fit the orders %s and %s',
       trade.trade_id, trade.market, taker_order_id, maker_order_id) AS found
     FROM trades AS trade
     LEFT JOIN markets AS listed USING (market)
     LEFT JOIN orders AS taker ON taker.account = taker_account AND taker.order_id = taker_order_id
     LEFT JOIN orders AS maker ON maker.account = maker_account AND maker.order_id = maker_order_id
     WHERE (
       taker.market = trade.market AND maker.market = trade.market
       AND taker.side <> maker.side AND buyer_is_maker = (maker.side = 'BUY')
       AND trade.price = maker.price
       AND coalesce(CASE taker.side WHEN 'BUY' THEN trade.price <= taker.price ELSE trade.price >= taker.price END, TRUE)
       AND trade.sequence = taker_order_id
       AND base_amount = trade.quantity::numeric * lot_size
       AND quote_amount = trade.price::numeric * trade.quantity * tick_lot_value
     ) IS NOT TRUE`,
  );
  return 'market, accounts, sides, price, time and amounts';
}

async function proveFills(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('order %s is filled by %s for %s, its trades say %s for %s',
       order_id, filled_quantity, filled_quote, coalesce(lots, 0), coalesce(quote, 0)) AS found
     FROM orders FULL JOIN (
       SELECT order_id, sum(quantity) AS lots, sum(quote_amount) AS quote FROM (
         SELECT taker_order_id AS order_id, quantity, quote_amount FROM trades
         UNION ALL
         SELECT maker_order_id, quantity, quote_amount FROM trades
       ) AS fills GROUP BY order_id
     ) AS filled USING (order_id)
     WHERE filled_quantity IS DISTINCT FROM coalesce(lots, 0) OR filled_quote IS DISTINCT FROM coalesce(quote, 0)`,
  );
  return counted(await countOf(evidence, 'SELECT count(*) FROM orders'), 'orders');
}

/** An order by quote has no quantity to fill, so it may end filled or not. */
async function proveStatus(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('order %s is %s with %s of %s filled, at place %s', order_id, status, filled_quantity, quantity, queue_place) AS found
     FROM orders
     WHERE CASE
       WHEN status = 'NEW' THEN filled_quantity = 0 AND quantity > 0 AND queue_place > 0
       WHEN status = 'PARTIALLY_FILLED' THEN filled_quantity > 0 AND filled_quantity < quantity AND queue_place > 0
       WHEN status = 'FILLED' THEN filled_quantity > 0 AND filled_quantity = coalesce(quantity, filled_quantity) AND queue_place = 0
       WHEN status IN ('CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH')
         THEN coalesce(filled_quantity < quantity, TRUE) AND queue_place = 0
     END IS NOT TRUE`,
  );
  const open = await countOf(
    evidence,
    `SELECT count(*) FROM orders WHERE status IN ('NEW', 'PARTIALLY_FILLED')`,
  );
  return `${counted(open, 'orders')} open`;
}
