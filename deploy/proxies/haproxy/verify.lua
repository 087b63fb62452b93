-- Asks sessiond whether a request has a live session of a logged-in user, with the caller's credentials and nothing
-- else. 200: the genuine x-session-* go to the app. 401 and 503: the answer is the client's. Anything else, an error in
-- here among it, leaves txn.verified unset, and haproxy.cfg lets nobody in without it.

-- Without maxAge an anonymous session would do. Keep it at SESSION_ABSOLUTE_SECONDS or above, or at the age at which
-- users should log in again.
local URL = "http://sessiond/verify?maxAge=86400"
local ASKED_WITH = { "cookie", "authorization", "user-agent", "x-forwarded-for" }
local TO_THE_APP = { "x-session-id", "x-session-user", "x-session-expire" }
local TO_THE_CLIENT = { "content-type", "cache-control", "retry-after", "set-cookie" }

-- Lists of HAProxy's Lua begin at 0, at 1 they would lose the first value.
local function values(list)
  local all = {}
  for at = 0, #list do all[at + 1] = list[at] end
  return all
end

core.register_action("verify", { "http-req" }, function(txn, sessiond)
  local asked = txn.http:req_get_headers()
  local headers = {}
  for _, name in ipairs(ASKED_WITH) do
    if asked[name] then headers[name] = values(asked[name]) end
  end

  local answer = core.httpclient():get({ url = URL, dst = sessiond, headers = headers, timeout = 1200 })

  if answer.status == 200 then
    for _, name in ipairs(TO_THE_APP) do
      txn.http:req_set_header(name, answer.headers[name][0])
    end
    txn:set_var("txn.verified", true)
  elseif answer.status == 401 or answer.status == 503 then
    local reply = txn:reply({ status = answer.status, body = answer.body })
    for _, name in ipairs(TO_THE_CLIENT) do
      for _, value in ipairs(values(answer.headers[name] or {})) do reply:add_header(name, value) end
    end
    txn:done(reply)
  end
end, 1)
