-- wrk: every request is a login. Arguments: username, password.
function init(args)
  wrk.method = 'POST'
  wrk.body = string.format('{"username":"%s","password":"%s"}', args[1], args[2])
  wrk.headers['content-type'] = 'application/json'
end
