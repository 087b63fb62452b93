-- Reads a page of the living sessions of a user, newest first.
-- ARGV[1]  userId
-- ARGV[2]  how many
-- ARGV[3]  where the page before ended: created, ms, or +inf for the first page
-- ARGV[4]  and sessionId, or empty
-- Returns  { next or empty, sessionId, record, sessionId, record... }; next is "<created>.<sessionId>"
local CHUNK = 100
local limit, after = tonumber(ARGV[2]), ARGV[4]
local page = { '' }
local last
local offset = 0
while true do
  local chunk = redis.call('ZREVRANGEBYSCORE', index_key(ARGV[1]), ARGV[3], '-inf', 'WITHSCORES', 'LIMIT', offset, CHUNK)
  for i = 1, #chunk, 2 do
    local id, created = chunk[i], chunk[i + 1]
    -- Sessions of the same millisecond are in the order of their ids: those before the position are passed over.
    if after == '' or created ~= ARGV[3] or id < after then
      local raw = redis.call('GET', record_key(id))
      if raw then
        if (#page - 1) / 2 == limit then
          page[1] = last
          return page
        end
        table.insert(page, id)
        table.insert(page, raw)
        last = created .. '.' .. id
      end
    end
  end
  if #chunk < 2 * CHUNK then return page end
  offset = offset + CHUNK
end
