-- wrk: each request with the next cookie of a file, in order, over and over.
local requests, at = {}, 0

function init(args)
  for token in io.lines(args[1]) do
    wrk.headers['cookie'] = '__Host-sid=' .. token
    requests[#requests + 1] = wrk.format()
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
