-- Orders in two parts by their status. Those that are open are few, and come and go; they are what an engine loads. The
-- others are history, written once. In one table each change of an order was another entry in four indexes.

-- Whoever reads goes on until the end.
LOCK TABLE orders IN EXCLUSIVE MODE;

CREATE TABLE divided_orders (LIKE orders INCLUDING CONSTRAINTS) PARTITION BY LIST (status);
CREATE TABLE open_orders PARTITION OF divided_orders FOR VALUES IN ('NEW', 'PARTIALLY_FILLED');
CREATE TABLE ended_orders PARTITION OF divided_orders
  FOR VALUES IN ('FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH');

INSERT INTO divided_orders SELECT * FROM orders;

-- Readers: one order of an account, and its orders, newest first. The writer, which takes out what has changed.
ALTER TABLE open_orders ADD PRIMARY KEY (account, order_id);
ALTER TABLE ended_orders ADD PRIMARY KEY (account, order_id);
-- Reader: the load of the open orders when an engine starts, in the order of their queues.
CREATE INDEX open_orders_by_queue ON open_orders (queue_place, order_id);
-- Reader: the newest order of a client order id. Without the market, which few names share and the reader filters by;
-- of open orders an account has 1,000 a market at most.
CREATE INDEX ended_orders_by_client_order_id ON ended_orders (account, client_order_id, order_id);

-- Else nobody knows for a minute how many there are.
ANALYZE open_orders, ended_orders;

DROP TABLE orders;
ALTER TABLE divided_orders RENAME TO orders;
