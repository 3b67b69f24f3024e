-- First in the transaction: it locks the row, so of several writers one writes and the others then find no row here.
-- $1 sequence, $2 state hash, $3 head after the batches; $4 sequence before them, $5 exchange id
UPDATE watermark SET sequence = $1, state_hash = $2, head = $3 WHERE sequence = $4 AND exchange_id = $5
