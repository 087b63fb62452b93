-- Starts a session, within the limit of sessions per user.
-- ARGV[1]  sessionId
-- ARGV[2]  userId, empty for an anonymous session
-- ARGV[3]  idle timeout, ms
-- ARGV[4]  absolute timeout, ms
-- ARGV[5]  the record from its fourth place on, as JSON without the opening bracket
-- ARGV[6]  limit of living sessions of the user, 0 = none
-- ARGV[7]  policy at the limit: evict-oldest, evict-least-recent, reject
-- ARGV[8]  sessionId of the same user that this one replaces, or empty
-- Returns  { 'created', now, expired, replaced, evicted id... } or { 'limit-reached', expired }
local id, user, idle, absolute = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local limit, policy, replaces = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local now = clock()
local expired = 0
local evicted = {}

if limit > 0 and redis.call('ZCARD', index_key(user)) >= limit then
  local living = {}
  for position, other in ipairs(redis.call('ZRANGE', index_key(user), 0, -1)) do
    local head = redis.call('GETRANGE', record_key(other), 3, 15)
    if head == '' then
      expired = expired + unlist(other, user)
    elseif other ~= replaces then
      table.insert(living, { id = other, seen = tonumber(head) or 0, position = position })
    end
  end
  local excess = #living + 1 - limit
  if excess > 0 and policy == 'reject' then return { 'limit-reached', expired } end
  if policy == 'evict-least-recent' then
    table.sort(living, function(a, b)
      if a.seen == b.seen then return a.position < b.position end
      return a.seen < b.seen
    end)
  end
  for i = 1, excess do
    revoke(living[i].id, user)
    table.insert(evicted, living[i].id)
  end
end

local replaced = 0
if replaces ~= '' then replaced = revoke(replaces, user) end

local due = now + math.min(idle, absolute)
local record = '[1,' .. now .. ',' .. now .. ',' .. ARGV[5]
redis.call('SET', record_key(id), record, 'PXAT', due)
redis.call('ZADD', index_key(user), now, id)
redis.call('INCR', KEYS[1])
schedule(id, user, due, now)
return { 'created', now, expired, replaced, unpack(evicted) }
