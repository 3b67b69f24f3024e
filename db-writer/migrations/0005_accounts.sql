-- How far each account's own stream has come.
CREATE TABLE accounts (
  account bigint PRIMARY KEY,
  seq bigint NOT NULL CHECK (seq > 0)
) WITH (fillfactor = 50);
