/** Candles: those of every interval are made of the trades once more, in SQL and so another way than the writer's. */
import { INTERVALS, type Interval } from '../../shared/domain/klines.js';
import { type Check, check, counted } from './check.js';
import { assertNone, countOf, type Evidence } from './evidence.js';

const A_MONDAY = '1970-01-05';

/** When the candle opens that holds the trade of the time `at`. */
const OPENS: Record<Interval, string> = {
  '1s': bin('1 second'),
  '1m': bin('1 minute'),
  '3m': bin('3 minutes'),
  '5m': bin('5 minutes'),
  '15m': bin('15 minutes'),
  '30m': bin('30 minutes'),
  '1h': bin('1 hour'),
  '2h': bin('2 hours'),
  '4h': bin('4 hours'),
  '6h': bin('6 hours'),
  '8h': bin('8 hours'),
  '12h': bin('12 hours'),
  '1d': bin('1 day'),
  '3d': bin('3 days'),
  '1w': bin('7 days', A_MONDAY),
  '1M': `date_trunc('month', at)`,
};

const COLUMNS =
  'open, high, low, close, volume, quote_volume, trades, taker_buy_volume, taker_buy_quote_volume, first_trade_id, last_trade_id';

export function checkCandles(evidence: Evidence): Promise<Check> {
  return check('candles and trades', async () => {
    for (const interval of INTERVALS) {
      evidence.say(`candles of ${interval}`);
      await assertNone(evidence, differing(interval), [interval]);
    }
    await assertNone(
      evidence,
      `SELECT format('%s has candles of %s', market, interval) AS found FROM klines WHERE interval <> ALL ($1)`,
      [INTERVALS],
    );
    const candles = await countOf(evidence, 'SELECT count(*) FROM klines');
    return `${counted(candles, 'candles')} of ${counted(INTERVALS.length, 'intervals')}`;
  });
}

/** Candles that are missing, too many or others than the trades make. */
function differing(interval: Interval): string {
  return `
    WITH summed AS (
      SELECT market, (extract(epoch FROM ${OPENS[interval]}) * 1000)::bigint AS open_time,
        max(price) AS high, min(price) AS low,
        sum(base_amount) AS volume, sum(quote_amount) AS quote_volume, count(*) AS trades,
        coalesce(sum(base_amount) FILTER (WHERE NOT buyer_is_maker), 0) AS taker_buy_volume,
        coalesce(sum(quote_amount) FILTER (WHERE NOT buyer_is_maker), 0) AS taker_buy_quote_volume,
        min(trade_id) AS first_trade_id, max(trade_id) AS last_trade_id
      FROM trades, LATERAL (SELECT to_timestamp(time / 1000) AT TIME ZONE 'UTC' AS at) AS clock
      GROUP BY 1, 2
    ), made AS (
      SELECT summed.*, first.price AS open, last.price AS close FROM summed
      JOIN trades AS first ON first.market = summed.market AND first.trade_id = first_trade_id
      JOIN trades AS last ON last.market = summed.market AND last.trade_id = last_trade_id
    )
    SELECT format('%s %s at %s is %s, the trades make %s', market, $1::text,
      to_timestamp(open_time / 1000) AT TIME ZONE 'UTC', coalesce(stored::text, 'missing'), coalesce(expected::text, 'none')) AS found
    FROM (SELECT market, open_time, (${COLUMNS}) AS expected FROM made) AS expectation
    FULL JOIN (SELECT market, open_time, (${COLUMNS}) AS stored FROM klines WHERE interval = $1) AS candle
    USING (market, open_time)
    WHERE expected::text IS DISTINCT FROM stored::text`;
}

function bin(length: string, from = '1970-01-01'): string {
  return `date_bin('${length}', at, '${from}')`;
}
