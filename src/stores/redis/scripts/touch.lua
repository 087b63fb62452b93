-- Marks a session as seen now and moves its end, never backwards and never past the absolute end.
-- ARGV[1]  sessionId
-- Returns  the time it was last seen, or nil when it is absent
local key = record_key(ARGV[1])
local head = redis.call('GETRANGE', key, 0, 63)
local seen, created, idle, absolute = string.match(head, '^%[1,(%d+),(%d+),([%d.]+),([%d.]+),')
if not seen then return nil end
local now = clock()
if now <= tonumber(seen) then return tonumber(seen) end
redis.call('SETRANGE', key, 3, now)
redis.call('PEXPIREAT', key, end_of(now, created, idle, absolute), 'GT')
return now
