-- Repairs one breach that the audit has found, if it is still one.
-- ARGV[1]  what: record, expiry, listing, orphan, schedule
-- ARGV[2]  sessionId
-- ARGV[3]  userId, empty for an anonymous session
-- ARGV[4]  end of the session, ms; only for expiry and schedule
-- ARGV[5]  creation of the session, ms; only for listing
-- Returns  1, or 0 if there was nothing to repair any more
local what, id, user = ARGV[1], ARGV[2], ARGV[3]
local lives = redis.call('EXISTS', record_key(id)) == 1
local listed = redis.call('ZSCORE', index_key(user), id)

if what == 'record' and lives then
  local raw = redis.pcall('GET', record_key(id))
  local is_other_format = type(raw) == 'string' and string.match(raw, '^%[%d+,') and string.sub(raw, 1, 3) ~= '[1,'
  if is_other_format or decode(type(raw) == 'string' and raw) then return 0 end
  redis.call('DEL', record_key(id))
  unlist(id, user)
  return 1
elseif what == 'expiry' and lives and redis.call('PTTL', record_key(id)) == -1 then
  return redis.call('PEXPIREAT', record_key(id), ARGV[4])
elseif what == 'listing' and lives and not listed then
  redis.call('ZADD', index_key(user), ARGV[5], id)
  redis.call('INCR', KEYS[1])
  return 1
elseif what == 'orphan' and not lives and listed then
  return unlist(id, user)
elseif what == 'schedule' and lives then
  -- Looked at when that end is due; where it stands in the schedule twice, the second look finds nothing to do.
  schedule(id, user, tonumber(ARGV[4]), clock())
  return 1
end
return 0
