-- Lists the namespaces that begin with a path, it included.
-- keys: ITEMS ORDER DUE
-- args: path
-- uses: log_store/items/items
-- Returns {'ok', path, since, count, path, ...}, in no order that means anything.
local reply, at = { 'ok' }, 'n' .. path
local function tell(member)
  local space = get(member)
  reply[#reply + 1] = string.sub(member, 2)
  reply[#reply + 1] = whole(space.since)
  reply[#reply + 1] = whole(space.count)
end
if redis.call('ZSCORE', ORDER, at) then
  tell(at)
end
for _, member in ipairs(redis.call('ZRANGEBYLEX', ORDER, '[' .. at .. '\0', '(' .. at .. '\1')) do
  tell(member)
end
return reply
