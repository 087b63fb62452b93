-- Counts one in each of several fixed windows; a window begins with its first count and ends with its key.
-- KEYS     the counters
-- ARGV[i]  length of the window of KEYS[i], ms
-- Returns  { count, ms until the window ends, count, ms... }
local answer = {}
for i, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  local left = redis.call('PTTL', key)
  if left < 0 then
    left = tonumber(ARGV[i])
    redis.call('PEXPIRE', key, left)
  end
  table.insert(answer, count)
  table.insert(answer, left)
end
return answer
