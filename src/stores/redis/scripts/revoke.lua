-- Ends a session.
-- ARGV[1]  sessionId
-- Returns  the record as it was, or nil when it was absent
local raw = redis.call('GET', record_key(ARGV[1]))
if not raw then return nil end
local record = decode(raw)
if record then
  revoke(ARGV[1], record[USER])
else
  -- Of another format: gone from here on; the sweeper takes it out of the index.
  redis.call('DEL', record_key(ARGV[1]))
end
return raw
