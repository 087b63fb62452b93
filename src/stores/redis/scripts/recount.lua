-- Compares a shard's counter with its indexes.
-- ARGV[1]     1 to set the counter right
-- ARGV[2...]  the users of the shard, the empty one for anonymous sessions
-- Returns     counter minus what stands in the indexes
local counted = tonumber(redis.call('GET', KEYS[1]) or 0)
local listed = 0
for i = 2, #ARGV do listed = listed + redis.call('ZCARD', index_key(ARGV[i])) end
if ARGV[1] == '1' then redis.call('SET', KEYS[1], listed) end
return counted - listed
