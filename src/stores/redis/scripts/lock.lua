-- Leases a session to one holder.
-- ARGV[1]  sessionId
-- ARGV[2]  holder: digest of the lock token
-- ARGV[3]  how long, ms
-- Returns  { 'locked', fence, expires } or { 'held', for ms } or { 'absent' }
local key = lock_key(ARGV[1])
if redis.call('EXISTS', record_key(ARGV[1])) == 0 then return { 'absent' } end
local left = redis.call('PTTL', key)
if left >= 0 then return { 'held', left } end
-- The fence is the shard's highest so far plus one, and never behind the clock: so it grows even where Redis has lost
-- the number.
local now = clock()
local fence = math.max(tonumber(redis.call('GET', base .. 'f') or 0) + 1, now)
redis.call('SET', base .. 'f', string.format('%.0f', fence))
local expires = now + tonumber(ARGV[3])
redis.call('SET', key, ARGV[2], 'PXAT', expires)
return { 'locked', fence, expires }
