-- The engine's state at the watermark (D3): one table for each kind of entity, one column for each field, and the
-- watermark itself. Prices are ticks, quantities lots, amounts smallest units, times milliseconds since the epoch.
-- The checks say the promises once more, where no program can pass them by.

CREATE TABLE watermark (
  -- At most one row: the first start of a fresh exchange's engine puts it here.
  single boolean PRIMARY KEY DEFAULT TRUE CHECK (single),
  sequence bigint NOT NULL CHECK (sequence >= 0),
  state_hash text NOT NULL,
  head text NOT NULL,
  exchange_id text NOT NULL
);

CREATE TABLE exchange (
  id bigint PRIMARY KEY CHECK (id = 1),
  sequence bigint NOT NULL,
  time bigint NOT NULL,
  last_ledger_id bigint NOT NULL
);

CREATE TABLE assets (
  asset text PRIMARY KEY,
  decimals bigint NOT NULL CHECK (decimals BETWEEN 0 AND 18),
  status text NOT NULL
);

CREATE TABLE markets (
  market text PRIMARY KEY,
  base text NOT NULL,
  quote text NOT NULL,
  price_decimals bigint NOT NULL,
  tick_size bigint NOT NULL CHECK (tick_size > 0),
  lot_size bigint NOT NULL CHECK (lot_size > 0),
  tick_lot_value bigint NOT NULL CHECK (tick_lot_value > 0),
  min_quantity bigint NOT NULL,
  max_quantity bigint NOT NULL,
  min_price bigint NOT NULL,
  max_price bigint NOT NULL,
  min_notional bigint NOT NULL,
  max_open_orders bigint NOT NULL,
  maker_fee bigint NOT NULL,
  taker_fee bigint NOT NULL,
  status text NOT NULL,
  last_trade_id bigint NOT NULL,
  update_id bigint NOT NULL
);

-- Updated for ever and never deleted: room on each page lets an update stay there and leave the index alone.
CREATE TABLE balances (
  account bigint NOT NULL,
  asset text NOT NULL,
  available bigint NOT NULL,
  locked bigint NOT NULL,
  PRIMARY KEY (account, asset),
  -- Account 1, the treasury, is the contra side of every deposit.
  CONSTRAINT balances_not_negative CHECK (account = 1 OR (available >= 0 AND locked >= 0))
) WITH (fillfactor = 50);

CREATE TABLE orders (
  order_id bigint PRIMARY KEY,
  account bigint NOT NULL,
  market text NOT NULL,
  client_order_id text NOT NULL,
  side text NOT NULL CHECK (side IN ('BUY', 'SELL')),
  type text NOT NULL,
  time_in_force text NOT NULL,
  self_trade_prevention text NOT NULL,
  price bigint CHECK (price > 0),
  quantity bigint CHECK (quantity > 0),
  quote_quantity bigint CHECK (quote_quantity > 0),
  filled_quantity bigint NOT NULL CHECK (filled_quantity >= 0),
  filled_quote bigint NOT NULL CHECK (filled_quote >= 0),
  status text NOT NULL,
  queue_place bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CONSTRAINT orders_by_quantity_or_quote CHECK ((quantity IS NULL) <> (quote_quantity IS NULL)),
  CONSTRAINT orders_not_overfilled CHECK (filled_quantity <= quantity),
  CONSTRAINT orders_quote_not_passed CHECK (filled_quote <= quote_quantity),
  CONSTRAINT orders_filled_is_full CHECK ((status = 'FILLED') = (filled_quantity = quantity))
);

-- Reader: the load of the open orders when an engine starts, in the order of their queues.
CREATE INDEX orders_open ON orders (queue_place, order_id) WHERE status IN ('NEW', 'PARTIALLY_FILLED');
-- Reader: an account's order history, newest first.
CREATE INDEX orders_of_account ON orders (account, order_id);
-- Reader: the newest order of a client order id. Without the market, which few names share and the reader filters by.
CREATE INDEX orders_by_client_order_id ON orders (account, client_order_id, order_id);

CREATE TABLE idempotency_keys (
  account bigint NOT NULL,
  key text NOT NULL,
  type text NOT NULL,
  asset text NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  ledger_id bigint PRIMARY KEY,
  available bigint NOT NULL,
  locked bigint NOT NULL,
  time bigint NOT NULL,
  expired boolean NOT NULL
);

-- Reader: the load of the keys that still hold when an engine starts.
CREATE INDEX idempotency_keys_live ON idempotency_keys (ledger_id) WHERE NOT expired;
