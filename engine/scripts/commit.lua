-- Commits a batch and takes the next entries, in one step (D2).
--
-- KEYS[1] head   KEYS[2] journal   KEYS[3] commands   KEYS[4] dead letters   KEYS[5] draining
-- KEYS[6] reports   KEYS[7] feed
-- ARGV[1]  the head that this commit follows
-- ARGV[2]  the head that it sets; the same as ARGV[1] commits nothing and just takes
-- ARGV[3]  how many list entries the batch took
-- ARGV[4]  how many behind those the engine knows already
-- ARGV[5]  most entries to take next
-- ARGV[6]  most bytes to take next; one entry is taken however large
-- ARGV[7]  the journal entry's id, empty where the batch has no sequenced commands
-- ARGV[8]  the batch's reports, empty where it has none
-- ARGV[9]  the id before which reports need not be kept
-- ARGV[10] how many of the following are the journal entry's names and values
-- ARGV[11] how many of those after them are what the feed tells besides, names and values; the rest are dead letters
-- ARGV[12] the feed entry's id
-- ARGV[13] the id before which the feed need not be kept
-- Returns  whether the exchange is draining, 1 or 0, and the next entries: behind those that the engine knows, and still
--          in the list.
--
-- Guarantees: sent twice, it acts once; it acts only for the engine whose head is in Redis (FENCED otherwise). XADD
-- stands first, because it is the step that can fail and Redis does not undo a script's earlier writes.
--
-- What the feed tells is in memory only: whoever waits for it learns by the lost connection that Redis has ended. It is
-- read by answers to blocking reads, which leave when everything that this script wrote is on disk; a message that is
-- published here could leave before that (D2).

local FIRST_VALUE = 14

local head = redis.call('GET', KEYS[1])
if head ~= ARGV[2] then
  if head ~= ARGV[1] then
    return redis.error_reply('FENCED head is ' .. tostring(head) .. ', this commit follows ' .. ARGV[1])
  end
  local values = tonumber(ARGV[10])
  if ARGV[7] ~= '' then
    redis.call('XADD', KEYS[2], ARGV[7], unpack(ARGV, FIRST_VALUE, FIRST_VALUE + values - 1))
    if ARGV[8] ~= '' then
      -- The journal has taken the id, so these take it too.
      redis.call('XADD', KEYS[6], 'MINID', '~', ARGV[9], ARGV[7], 'reports', ARGV[8])
    end
  end
  redis.call('LTRIM', KEYS[3], ARGV[3], -1)
  local told = FIRST_VALUE + values
  local letters = told + tonumber(ARGV[11])
  for i = letters, #ARGV do
    redis.call('RPUSH', KEYS[4], ARGV[i])
  end
  redis.call('SET', KEYS[1], ARGV[2])
  redis.set_repl(redis.REPL_NONE)
  redis.call('XADD', KEYS[7], 'MINID', '~', ARGV[13], ARGV[12], 'journal', ARGV[7], 'reports', ARGV[8],
    unpack(ARGV, told, letters - 1))
  redis.set_repl(redis.REPL_ALL)
end

local entries = redis.call('LRANGE', KEYS[3], ARGV[4], ARGV[4] + ARGV[5] - 1)
local bytes = 0
for i, entry in ipairs(entries) do
  bytes = bytes + #entry
  if i > 1 and bytes > tonumber(ARGV[6]) then
    -- The answer ends at the first hole.
    entries[i] = nil
    break
  end
end

local draining = redis.call('GET', KEYS[5])
if draining == 'asked' then
  redis.call('SET', KEYS[5], 'begun')
end
return {draining and 1 or 0, entries}
