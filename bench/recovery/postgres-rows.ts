/** Whether Postgres holds what was generated, every row once. */
import type pg from 'pg';
import type { Generated } from '../../scripts/generating/generate.js';

/** Ids count without gaps, so that a hole or a double row is a count that differs from the last id. */
const COUNTS = `
  SELECT w.sequence, w.state_hash, e.sequence AS engine_sequence,
    e.last_ledger_id, (SELECT count(*) FROM ledger) AS entries, (SELECT count(DISTINCT ledger_id) FROM ledger) AS ledger_ids,
    (SELECT sum(last_trade_id) FROM markets) AS last_trade_ids, (SELECT count(*) FROM trades) AS trades,
    (SELECT count(*) - count(DISTINCT order_id) FROM orders) AS orders_twice,
    (SELECT sum(trades) FROM klines WHERE interval = '1d') AS candle_trades,
    (SELECT count(*) FROM (SELECT FROM balances GROUP BY asset HAVING sum(available + locked) <> 0) AS unequal)
      AS unequal_assets
  FROM watermark AS w, exchange AS e`;

export async function assertWhole(pool: pg.Pool, { end, stateHash }: Generated): Promise<void> {
  const [row] = (await pool.query(COUNTS)).rows;
  const isWhole =
    Number(row.sequence) === end &&
    row.engine_sequence === row.sequence &&
    row.state_hash === stateHash &&
    row.entries === row.last_ledger_id &&
    row.ledger_ids === row.last_ledger_id &&
    row.trades === row.last_trade_ids &&
    row.candle_trades === row.last_trade_ids &&
    row.orders_twice === 0n &&
    row.unequal_assets === 0n;
  if (isWhole) return;
  throw new Error(
    `Postgres does not hold the ${end} commands that were made: ${Object.entries(row).join(', ')}`,
  );
}
