-- Renews a session, or judges the token that asks for it (policy.ts says the same in TypeScript).
-- ARGV[1]  sessionId
-- ARGV[2]  generation of the token presented, 0 where there is none
-- ARGV[3]  grace, ms
-- ARGV[4]  1 to renew, 0 to judge alone
-- Returns  { 'renewed' | 'unchanged' | 'replayed', record } or { 'absent' }
local MAX_IN_GRACE = 8
local key = record_key(ARGV[1])
local raw = redis.call('GET', key)
local record = decode(raw)
if not record then return { 'absent' } end

local now = clock()
local generation = tonumber(ARGV[2])
local renewed = record[CREATED] + record[RENEWED]
local in_grace = record[GENERATION] > record[GRACE_GENERATION] and now - renewed < tonumber(ARGV[3])

if generation == 0 then
  if in_grace then return { 'unchanged', raw } end
  generation = record[GENERATION]
elseif generation < record[GENERATION] then
  if in_grace and generation >= record[GRACE_GENERATION] then return { 'unchanged', raw } end
  revoke(ARGV[1], record[USER])
  return { 'replayed', raw }
end
if ARGV[4] == '0' then return { 'unchanged', raw } end

record[GENERATION] = generation + 1
record[GRACE_GENERATION] = in_grace and math.max(record[GRACE_GENERATION], generation + 1 - MAX_IN_GRACE) or generation
record[RENEWED] = now - record[CREATED]
record[SEEN] = math.max(now, record[SEEN])
local encoded = encode(record)
redis.call('SET', key, encoded, 'KEEPTTL')
redis.call('PEXPIREAT', key, end_of(record[SEEN], record[CREATED], record[IDLE], record[ABSOLUTE]), 'GT')
return { 'renewed', encoded }
