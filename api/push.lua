-- Appends requests to the list of commands, as many as fit, and wakes the engine where the list was empty.
--
-- KEYS[1]   the list of commands
-- KEYS[2]   the channel of wake-ups
-- ARGV[1]   most entries that the list may hold
-- ARGV[2..] the requests, in order
-- Returns   how many were appended: the first ones.
--
-- Guarantees: an error reply means that nothing was appended, since only the first write of a script can be refused
-- (no memory, read only, not a list).

-- unpack() fails near 8,000 values.
local CHUNK = 1000

local length = redis.call('LLEN', KEYS[1])
local room = tonumber(ARGV[1]) - length
local last = 1 + math.max(0, math.min(room, #ARGV - 1))
for first = 2, last, CHUNK do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, first, math.min(first + CHUNK - 1, last)))
end
if length == 0 then
  redis.call('PUBLISH', KEYS[2], '')
end
return last - 1
