-- Reads the living sessions of a user, newest first.
-- ARGV[1]  userId
-- Returns  { sessionId, record, sessionId, record... }
local found = {}
for _, id in ipairs(redis.call('ZREVRANGE', index_key(ARGV[1]), 0, -1)) do
  local raw = redis.call('GET', record_key(id))
  if raw then
    table.insert(found, id)
    table.insert(found, raw)
  end
end
return found
