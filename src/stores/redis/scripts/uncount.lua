-- Takes one count back from each of several fixed windows; one that has ended meanwhile is left as it is.
-- KEYS     the counters
-- Returns  nothing
for _, key in ipairs(KEYS) do
  local count = tonumber(redis.call('GET', key))
  if count and count > 0 then redis.call('DECR', key) end
end
