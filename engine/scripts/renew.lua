-- Renews the lease of the leadership, also one that has lapsed and that nobody took.
--
-- KEYS[1] leader
-- ARGV[1]  this engine's instance   ARGV[2]  the lease in milliseconds
-- Returns  1, or 0 where another engine leads.

local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
