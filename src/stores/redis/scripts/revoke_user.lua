-- Ends all sessions of a user but one.
-- ARGV[1]  userId
-- ARGV[2]  sessionId to keep, or empty
-- Returns  { expired, revoked id... }
local revoked, expired = {}, 0
for _, id in ipairs(redis.call('ZRANGE', index_key(ARGV[1]), 0, -1)) do
  if id ~= ARGV[2] then
    if revoke(id, ARGV[1]) == 1 then
      table.insert(revoked, id)
    else
      expired = expired + unlist(id, ARGV[1])
    end
  end
end
return { expired, unpack(revoked) }
