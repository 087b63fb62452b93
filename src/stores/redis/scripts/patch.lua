-- Changes the named keys of a session's metadata and claims, and nothing else of it; where none is named, nothing at all.
-- ARGV[1]  sessionId
-- ARGV[2]  JSON: { set: [key, value]..., remove: [key...], increment: [key, step]...,
--          claims: { set: [key, value]..., remove: [key...] }, versions: [n...] or null }
--          keys as JSON text without its quotes, values as JSON text: opaque here, so they come back as they were sent
-- ARGV[3]  most keys of either
-- ARGV[4]  most bytes of either as JSON
-- ARGV[5]  holder of the lock, or empty
-- Returns  { 'patched', record } or { 'absent' | 'locked' | 'lock-lost' | 'version-conflict' | 'metadata-too-large' |
--          'claims-too-large' | 'not-integer' }
local MAX_SAFE = 9007199254740991
local max_keys, max_bytes = tonumber(ARGV[3]), tonumber(ARGV[4])

-- Applies a change to a flat list { key, value, key, value... } and keeps the order of its keys.
-- Returns the new list, or nil and 'too-large' or 'not-integer'.
local function apply(flat, change)
  local order, values = {}, {}
  local function put(name, value)
    if values[name] == nil then table.insert(order, name) end
    values[name] = value
  end
  for i = 1, #flat, 2 do put(flat[i], flat[i + 1]) end
  for _, name in ipairs(change.remove) do
    if values[name] ~= nil then
      values[name] = nil
      for i, candidate in ipairs(order) do
        if candidate == name then table.remove(order, i) break end
      end
    end
  end
  for _, pair in ipairs(change.set) do put(pair[1], pair[2]) end
  for _, pair in ipairs(change.increment or {}) do
    local current = values[pair[1]] or '0'
    if not string.match(current, '^%-?%d+$') then return nil, 'not-integer' end
    local sum = tonumber(current) + pair[2]
    if math.abs(tonumber(current)) > MAX_SAFE or math.abs(sum) > MAX_SAFE then return nil, 'not-integer' end
    put(pair[1], string.format('%.0f', sum))
  end
  local bytes = 2 + math.max(#order - 1, 0)
  local changed = {}
  for _, name in ipairs(order) do
    bytes = bytes + #name + 3 + #values[name]
    table.insert(changed, name)
    table.insert(changed, values[name])
  end
  if #order > max_keys or bytes > max_bytes then return nil, 'too-large' end
  return changed
end

local key = record_key(ARGV[1])
local stored = redis.call('GET', key)
local record = decode(stored)
if not record then return { 'absent' } end
local patch = cjson.decode(ARGV[2])
local claims_patch = patch.claims

local holder = redis.call('GET', lock_key(ARGV[1]))
if holder and holder ~= ARGV[5] then return { 'locked' } end
if not holder and ARGV[5] ~= '' then return { 'lock-lost' } end

if patch.versions ~= cjson.null then
  local holds = false
  for _, version in ipairs(patch.versions) do holds = holds or version == record[VERSION] end
  if not holds then return { 'version-conflict' } end
end

local named = #patch.set + #patch.remove + #patch.increment + #claims_patch.set + #claims_patch.remove
if named == 0 then return { 'patched', stored } end

local metadata, problem = apply(record[METADATA], patch)
if not metadata then return { problem == 'too-large' and 'metadata-too-large' or problem } end
local claims = apply(record[CLAIMS], claims_patch)
if not claims then return { 'claims-too-large' } end

record[METADATA] = metadata
record[CLAIMS] = claims
record[VERSION] = record[VERSION] + 1
local encoded = encode(record)
redis.call('SET', key, encoded, 'KEEPTTL')
return { 'patched', encoded }
