-- Ends the lease of the leadership, so that the next engine need not wait for it to lapse.
--
-- KEYS[1] leader
-- ARGV[1]  this engine's instance

if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
