-- Checks with sessiond that a request has a live session of a logged-in user; only the caller's credentials are sent.
-- On 200, sessiond's x-session-* headers are set on the request to the app. 401 and 503 are returned to the client. In
-- all other cases, errors in this script included, txn.verified stays unset, and haproxy.cfg rejects the request.

-- maxAge excludes anonymous sessions. Set it to SESSION_ABSOLUTE_SECONDS or more, or to the age of a login at which
-- users must log in again.
local URL = "http://sessiond/verify?maxAge=86400"
local SENT_HEADERS = { "cookie", "authorization", "user-agent", "x-forwarded-for" }
local CLIENT_HEADERS = { "content-type", "cache-control", "retry-after", "set-cookie" }

-- HAProxy's header lists start at index 0; Lua's own start at 1.
local function values(list)
  local copy = {}
  for index = 0, #list do copy[index + 1] = list[index] end
  return copy
end

core.register_action("verify", { "http-req" }, function(txn, sessiond)
  local received = txn.http:req_get_headers()
  local headers = {}
  for _, name in ipairs(SENT_HEADERS) do
    if received[name] then headers[name] = values(received[name]) end
  end

  local response = core.httpclient():get({ url = URL, dst = sessiond, headers = headers, timeout = 1200 })

  if response.status == 200 then
    for name, list in pairs(response.headers) do
      if string.sub(name, 1, 10) == "x-session-" then txn.http:req_set_header(name, list[0]) end
    end
    txn:set_var("txn.verified", true)
  elseif response.status == 401 or response.status == 503 then
    local reply = txn:reply({ status = response.status, body = response.body })
    for _, name in ipairs(CLIENT_HEADERS) do
      for _, value in ipairs(values(response.headers[name] or {})) do reply:add_header(name, value) end
    end
    txn:done(reply)
  end
end, 1)
