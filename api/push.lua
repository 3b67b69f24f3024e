-- Appends requests to the list of commands, as many as fit, and wakes the engine where the list was empty. A few of them
-- the wake-up brings along (engine/wake.ts).
--
-- KEYS[1]   the list of commands
-- KEYS[2]   the channel of wake-ups
-- KEYS[3]   the head
-- ARGV[1]   most entries that the list may hold
-- ARGV[2..] the requests, in order
-- Returns   how many were appended: the first ones.
--
-- Guarantees: an error reply means that nothing was appended, since only the first write of a script can be refused
-- (no memory, read only, not a list).
--
-- What is appended is in memory only, so that an order waits for one flush of the disk, that of its batch, instead of two.
-- Nobody was told of it yet; it would live for two seconds at most (its deadline), about as long as Redis takes to start
-- again; and whoever waits for it learns at once, by the lost connection, that its outcome is unknown.

-- unpack() fails near 8,000 values.
local CHUNK = 1000
-- Of more, each gains little by it.
local MOST_BROUGHT = 64

redis.set_repl(redis.REPL_NONE)

local length = redis.call('LLEN', KEYS[1])
local room = tonumber(ARGV[1]) - length
local last = 1 + math.max(0, math.min(room, #ARGV - 1))
for first = 2, last, CHUNK do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, first, math.min(first + CHUNK - 1, last)))
end
if length == 0 then
  local brought = last - 1 <= MOST_BROUGHT and last - 1 or 0
  local head = redis.call('GET', KEYS[3]) or ''
  redis.call('PUBLISH', KEYS[2], table.concat({head .. ' ' .. brought, unpack(ARGV, 2, 1 + brought)}, '\n'))
end
return last - 1
