-- Adds candles of later trades to those that are stored: what `merge` of the kline fold does, in SQL.
-- One array for each column.
INSERT INTO klines AS stored (
  market, interval, open_time, open, high, low, close, volume, quote_volume, trades, taker_buy_volume,
  taker_buy_quote_volume, first_trade_id, last_trade_id
)
SELECT
  unnest($1::text[]), unnest($2::text[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::bigint[]),
  unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::numeric[]), unnest($9::numeric[]), unnest($10::bigint[]),
  unnest($11::numeric[]), unnest($12::numeric[]), unnest($13::bigint[]), unnest($14::bigint[])
ON CONFLICT (market, interval, open_time) DO UPDATE SET
  high = greatest(stored.high, excluded.high),
  low = least(stored.low, excluded.low),
  close = excluded.close,
  volume = stored.volume + excluded.volume,
  quote_volume = stored.quote_volume + excluded.quote_volume,
  trades = stored.trades + excluded.trades,
  taker_buy_volume = stored.taker_buy_volume + excluded.taker_buy_volume,
  taker_buy_quote_volume = stored.taker_buy_quote_volume + excluded.taker_buy_quote_volume,
  last_trade_id = excluded.last_trade_id
