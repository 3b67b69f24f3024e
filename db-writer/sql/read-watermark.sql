-- How far this exchange is stored; no row before the first start of its engine.
SELECT sequence, state_hash, head, exchange_id FROM watermark
