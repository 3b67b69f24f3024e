-- Takes the leadership if nobody holds it: from then on every other engine's commits are fenced (D5). A drain ends with
-- the leader that it was asked of.
--
-- KEYS[1] leader   KEYS[2] head   KEYS[3] standbys   KEYS[4] draining
-- ARGV[1]  this engine's instance   ARGV[2]  the lease in milliseconds
-- Returns  the new head `<epoch + 1>:<batch>`, or nothing while another engine leads.

if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return false
end
local epoch, batch = string.match(redis.call('GET', KEYS[2]) or '0:0', '^(%d+):(%d+)$')
local head = string.format('%d:%s', epoch + 1, batch)
redis.call('SET', KEYS[2], head)
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[4])
return head
