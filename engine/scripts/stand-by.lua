-- Tells how far a standby has come, and forgets those that have not told for long.
--
-- KEYS[1] standbys
-- ARGV[1]  this engine's instance   ARGV[2]  the sequence of its state   ARGV[3]  milliseconds until it tells again

local seconds, microseconds = unpack(redis.call('TIME'))
local now = seconds * 1000 + math.floor(microseconds / 1000)
local standbys = redis.call('HGETALL', KEYS[1])
for i = 1, #standbys, 2 do
  local untilTime = string.match(standbys[i + 1], '(%d+)$')
  if tonumber(untilTime) < now then
    redis.call('HDEL', KEYS[1], standbys[i])
  end
end
-- Twice as long: it may be late once.
redis.call('HSET', KEYS[1], ARGV[1], string.format('%s %.0f', ARGV[2], now + 2 * ARGV[3]))
