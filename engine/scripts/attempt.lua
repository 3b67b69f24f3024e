-- Counts how often engines have tried what follows a batch.
--
-- KEYS[1] attempts
-- ARGV[1]  the batch's number   ARGV[2]  what the count is at least
-- Returns  the count, this time included.

local batch, count = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+):(%d+)$')
count = batch == ARGV[1] and count + 1 or 1
count = math.max(count, tonumber(ARGV[2]))
redis.call('SET', KEYS[1], string.format('%s:%d', ARGV[1], count))
return count
