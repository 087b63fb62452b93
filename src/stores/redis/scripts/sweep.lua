-- Removes a batch of expired sessions from the indexes and the counter. The cost depends on what is due, not on how many
-- sessions live: a minute's list is read once, when that minute begins; a session touched since is moved to the list of
-- its new end.
-- ARGV[1]  how many entries to look at, at most
-- Returns  { expired, 1 if more is due }
local budget = tonumber(ARGV[1])
local cursor = tonumber(redis.call('GET', base .. 'c'))
if not cursor then return { 0, 0 } end
local now = clock()
local current = minute_of(now)
local expired = 0

-- Checks one entry. Returns its new end if that is within the current minute.
local function settle(entry)
  budget = budget - 1
  local id, user = string.match(entry, '^([^:]*):(.*)$')
  local due = redis.call('PEXPIRETIME', record_key(id))
  if due < 0 then
    expired = expired + unlist(id, user)
  elseif minute_of(due) > current then
    redis.call('RPUSH', base .. 'x:' .. minute_of(due), entry)
  else
    return due
  end
end

while cursor <= current and budget > 0 do
  local entries = redis.call('LPOP', base .. 'x:' .. cursor, math.min(budget, 100))
  if entries then
    for _, entry in ipairs(entries) do
      local due = settle(entry)
      if due then redis.call('ZADD', base .. 'h', due, entry) end
    end
  else
    cursor = cursor + 1
    budget = budget - 1
  end
end
redis.call('SET', base .. 'c', cursor)

local entries = redis.call('ZRANGEBYSCORE', base .. 'h', '-inf', now, 'LIMIT', 0, math.max(budget, 0))
for _, entry in ipairs(entries) do
  local due = settle(entry)
  if due then
    redis.call('ZADD', base .. 'h', due, entry)
  else
    redis.call('ZREM', base .. 'h', entry)
  end
end
return { expired, budget <= 0 and 1 or 0 }
