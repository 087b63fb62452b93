-- wrk: each request with the next cookie of a file, in order, over and over.
-- Arguments: the file, one token a line; how many of them to pass over at first.
local requests, at = {}, 0

function init(args)
  for token in io.lines(args[1]) do
    wrk.headers['cookie'] = '__Host-sid=' .. token
    requests[#requests + 1] = wrk.format()
  end
  at = tonumber(args[2] or 0)
end

function request()
  at = at % #requests + 1
  return requests[at]
end
