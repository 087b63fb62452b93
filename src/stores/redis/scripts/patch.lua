-- Changes the named keys of a session's metadata, and nothing else of it; where none is named, nothing at all.
-- ARGV[1]  sessionId
-- ARGV[2]  JSON: { set: [key, value]..., remove: [key...], increment: [key, step]..., versions: [n...] or null }
--          keys as JSON text without its quotes, values as JSON text: opaque here, so they come back as they were sent
-- ARGV[3]  most keys
-- ARGV[4]  most bytes as JSON
-- ARGV[5]  holder of the lock, or empty
-- Returns  { 'patched', record } or
--          { 'absent' | 'locked' | 'lock-lost' | 'version-conflict' | 'too-large' | 'not-integer' }
local MAX_SAFE = 9007199254740991
local key = record_key(ARGV[1])
local stored = redis.call('GET', key)
local record = decode(stored)
if not record then return { 'absent' } end
local patch = cjson.decode(ARGV[2])

local holder = redis.call('GET', lock_key(ARGV[1]))
if holder and holder ~= ARGV[5] then return { 'locked' } end
if not holder and ARGV[5] ~= '' then return { 'lock-lost' } end

if patch.versions ~= cjson.null then
  local holds = false
  for _, version in ipairs(patch.versions) do holds = holds or version == record[VERSION] end
  if not holds then return { 'version-conflict' } end
end

if #patch.set + #patch.remove + #patch.increment == 0 then return { 'patched', stored } end

-- Metadata is a flat list { key, value, key, value... }: the order of the keys is kept.
local order, values = {}, {}
local function put(name, value)
  if values[name] == nil then table.insert(order, name) end
  values[name] = value
end
local flat = record[METADATA]
for i = 1, #flat, 2 do put(flat[i], flat[i + 1]) end
for _, name in ipairs(patch.remove) do
  if values[name] ~= nil then
    values[name] = nil
    for i, candidate in ipairs(order) do
      if candidate == name then table.remove(order, i) break end
    end
  end
end
for _, pair in ipairs(patch.set) do put(pair[1], pair[2]) end
for _, pair in ipairs(patch.increment) do
  local current = values[pair[1]] or '0'
  if not string.match(current, '^%-?%d+$') then return { 'not-integer' } end
  local sum = tonumber(current) + pair[2]
  if math.abs(tonumber(current)) > MAX_SAFE or math.abs(sum) > MAX_SAFE then return { 'not-integer' } end
  put(pair[1], string.format('%.0f', sum))
end

local bytes = 2 + math.max(#order - 1, 0)
flat = {}
for _, name in ipairs(order) do
  bytes = bytes + #name + 3 + #values[name]
  table.insert(flat, name)
  table.insert(flat, values[name])
end
if #order > tonumber(ARGV[3]) or bytes > tonumber(ARGV[4]) then return { 'too-large' } end

record[METADATA] = flat
record[VERSION] = record[VERSION] + 1
local encoded = encode(record)
redis.call('SET', key, encoded, 'KEEPTTL')
return { 'patched', encoded }
