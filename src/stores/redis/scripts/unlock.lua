-- Ends a lease, if it is the holder's.
-- ARGV[1]  sessionId
-- ARGV[2]  holder
-- Returns  1, or 0 when the holder does not have it
if redis.call('GET', lock_key(ARGV[1])) ~= ARGV[2] then return 0 end
return redis.call('DEL', lock_key(ARGV[1]))
