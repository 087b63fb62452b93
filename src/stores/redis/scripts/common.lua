-- Shared by all scripts: prepended to each of them.
-- KEYS[1]  the shard's counter of living sessions, <prefix>:{<shard>}:n
-- KEYS[2]  a key that never exists, so that no script runs while its slot is being moved (layout/keys.ts)
-- Every other key is named from it, so all keys of a script share one slot. With the prefix sd and the shard 3f:
--   sd:{3f}:s:<sessionId>  string   the record, ends by PEXPIREAT
--   sd:{3f}:u:<userId>     zset     the user's sessions by creation; the anonymous ones under the empty name
--   sd:{3f}:l:<sessionId>  string   the lock: digest of the holder's token, ends by PEXPIREAT
--   sd:{3f}:f              string   the highest fence given out
--   sd:{3f}:x:<minute>     list     the schedule: "<sessionId>:<userId>" due in that minute
--   sd:{3f}:h              zset     the schedule of the minute at hand, by the millisecond
--   sd:{3f}:c              string   the first minute whose list has not been taken into h
--   sd:{3f}:n              string   the number of living sessions: the entries of all indexes
local base = string.sub(KEYS[1], 1, -2)

local function record_key(id) return base .. 's:' .. id end
local function lock_key(id) return base .. 'l:' .. id end
local function index_key(user) return base .. 'u:' .. user end
local function minute_of(ms) return math.floor(ms / 60000) end

-- Redis' own clock, epoch milliseconds.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Removes a session from its user's index: 1 if it was there. Whoever removes it has ended it, and counts it.
local function unlist(id, user)
  if redis.call('ZREM', index_key(user), id) == 0 then return 0 end
  redis.call('DECR', KEYS[1])
  return 1
end

-- Ends a living session: 1, or 0 if it had ended already.
local function revoke(id, user)
  if redis.call('DEL', record_key(id)) == 0 then return 0 end
  unlist(id, user)
  return 1
end

-- Schedules a session to be checked when its end is due.
local function schedule(id, user, due, now)
  local cursor = tonumber(redis.call('GET', base .. 'c'))
  if not cursor then
    cursor = minute_of(now)
    redis.call('SET', base .. 'c', cursor)
  end
  local entry = id .. ':' .. user
  if minute_of(due) < cursor then
    redis.call('ZADD', base .. 'h', due, entry)
  else
    redis.call('RPUSH', base .. 'x:' .. minute_of(due), entry)
  end
end

-- Places of the record, one-based (record.ts lists them).
local SEEN, CREATED, IDLE, ABSOLUTE, USER, VERSION, METADATA = 2, 3, 4, 5, 6, 10, 11
local GENERATION, RENEWED, GRACE_GENERATION, REMEMBER, CLAIMS = 12, 13, 14, 15, 16
-- Values of the places that a record omits at its end, from the ninth on.
local DEFAULTS = { [9] = 0, [VERSION] = 1, [METADATA] = {}, [GENERATION] = 1 }
DEFAULTS[RENEWED], DEFAULTS[GRACE_GENERATION], DEFAULTS[REMEMBER], DEFAULTS[CLAIMS] = 0, 1, 0, {}

-- The record as a table, or nil where it is absent, broken or of a format these scripts do not know.
local function decode(raw)
  if not raw or string.sub(raw, 1, 3) ~= '[1,' then return nil end
  local ok, record = pcall(cjson.decode, raw)
  if not ok or type(record[USER]) ~= 'string' then return nil end
  for place = SEEN, ABSOLUTE do
    if type(record[place]) ~= 'number' then return nil end
  end
  for place, default in pairs(DEFAULTS) do
    if record[place] == nil then record[place] = default end
    if type(record[place]) ~= type(default) then return nil end
  end
  return record
end

local function is_default(place, value)
  if type(value) == 'table' then return type(DEFAULTS[place]) == 'table' and next(value) == nil end
  return value == DEFAULTS[place]
end

-- The record as text, without the places at its end that hold their default. cjson writes every slash as \/, which is
-- valid and a byte longer each.
local function encode(record)
  for place = #record, ABSOLUTE, -1 do
    if not is_default(place, record[place]) then break end
    record[place] = nil
  end
  return (string.gsub(cjson.encode(record), '\\/', '/'))
end

-- When a session ends that was last seen at some time, ms.
local function end_of(seen, created, idle, absolute)
  return math.floor(math.min(seen + idle * 1000, created + absolute * 1000) + 0.5)
end
