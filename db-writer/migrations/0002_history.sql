-- What happened: the rows that are written once, and the candles that are folded from them.

CREATE TABLE trades (
  market text NOT NULL,
  trade_id bigint NOT NULL,
  price bigint NOT NULL CHECK (price > 0),
  quantity bigint NOT NULL CHECK (quantity > 0),
  base_amount bigint NOT NULL CHECK (base_amount > 0),
  quote_amount bigint NOT NULL CHECK (quote_amount > 0),
  buyer_is_maker boolean NOT NULL,
  taker_order_id bigint NOT NULL,
  taker_account bigint NOT NULL,
  taker_fee bigint NOT NULL CHECK (taker_fee >= 0),
  maker_order_id bigint NOT NULL,
  maker_account bigint NOT NULL,
  maker_fee bigint NOT NULL CHECK (maker_fee >= 0),
  time bigint NOT NULL,
  -- Of the command that made it: with the trade id the one order of all trades of all markets.
  sequence bigint NOT NULL,
  PRIMARY KEY (market, trade_id),
  CONSTRAINT trades_two_orders CHECK (taker_order_id <> maker_order_id)
);

-- Readers: an account's fills by (sequence, trade id), newest first; the few of one command are sorted by the reader.
CREATE INDEX trades_of_taker ON trades (taker_account, sequence);
CREATE INDEX trades_of_maker ON trades (maker_account, sequence);
-- Readers: an order's fills.
CREATE INDEX trades_of_maker_order ON trades (maker_order_id);

CREATE TABLE ledger (
  ledger_id bigint NOT NULL,
  account bigint NOT NULL,
  asset text NOT NULL,
  amount bigint NOT NULL,
  type text NOT NULL,
  reference text,
  balance_after bigint NOT NULL,
  time bigint NOT NULL,
  -- Reader: an account's ledger, newest first. One index a row: the engine counts ledger ids, and the watermark lets
  -- each batch in once.
  PRIMARY KEY (account, ledger_id),
  CONSTRAINT ledger_balance_not_negative CHECK (account = 1 OR balance_after >= 0)
);

-- Sums pass 64 bits where an asset has 18 decimals, hence numeric; they hold whole numbers only.
CREATE TABLE klines (
  market text NOT NULL,
  interval text NOT NULL,
  open_time bigint NOT NULL,
  open bigint NOT NULL,
  high bigint NOT NULL,
  low bigint NOT NULL,
  close bigint NOT NULL,
  volume numeric NOT NULL,
  quote_volume numeric NOT NULL,
  trades bigint NOT NULL,
  taker_buy_volume numeric NOT NULL CHECK (taker_buy_volume >= 0),
  taker_buy_quote_volume numeric NOT NULL CHECK (taker_buy_quote_volume >= 0),
  first_trade_id bigint NOT NULL,
  last_trade_id bigint NOT NULL,
  PRIMARY KEY (market, interval, open_time),
  CONSTRAINT klines_prices_in_range CHECK (low > 0 AND low <= least(open, close) AND high >= greatest(open, close)),
  CONSTRAINT klines_taker_part CHECK (taker_buy_volume <= volume AND taker_buy_quote_volume <= quote_volume),
  -- Trade ids have no gaps: a trade that was left out or added twice is found here.
  CONSTRAINT klines_every_trade_once CHECK (trades = last_trade_id - first_trade_id + 1)
);
