-- First in the transaction: it locks the row, so of several writers one writes and the others then find no row here.
-- $1 sequence, $2 state hash, $3 head, $4 logic after the batches; $5 sequence before them, $6 exchange id
UPDATE watermark SET sequence = $1, state_hash = $2, head = $3, logic = $4 WHERE sequence = $5 AND exchange_id = $6
