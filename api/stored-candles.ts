/** Reads the newest candles from the table that the db-writer fills, for the live ones (market-candles.ts). */
import { INTERVALS } from '../shared/domain/klines.js';
import { KEPT_CANDLES } from '../shared/domain/live-candles.js';
import type { Database } from './database.js';
import { toCandle } from './history.js';
import type { ReadCandles } from './market-candles.js';

/** In one statement, so that all of them know of the same trades. */
const SELECT = `
  SELECT newest.* FROM unnest($2::text[]) AS wanted (interval)
  CROSS JOIN LATERAL (
    SELECT * FROM klines WHERE market = $1 AND interval = wanted.interval ORDER BY open_time DESC LIMIT $3
  ) AS newest
  UNION
  SELECT * FROM klines WHERE market = $1 AND interval = '1m' AND open_time >= $4
  ORDER BY open_time`;

export function storedCandles(database: Database): ReadCandles {
  return async (market, minutesFrom) => {
    const rows = await database.query(SELECT, [market, INTERVALS, KEPT_CANDLES, minutesFrom]);
    const candles = new Map(
      INTERVALS.map(interval => [interval, rows.filter(row => row.interval === interval).map(toCandle)]),
    );
    const lastTradeId = Math.max(0, ...rows.map(row => Number(row.last_trade_id)));
    return { lastTradeId, candles };
  };
}
