-- Lists the namespaces that begin with a path, it included.
-- KEYS  as in the prelude
-- ARGV  1 path
-- Returns {'ok', path, since, count, path, ...}, in no order that means anything.
local answer, at = { 'ok' }, 'n' .. ARGV[1]
local function tell(member)
  local space = get(member)
  answer[#answer + 1] = string.sub(member, 2)
  answer[#answer + 1] = whole(space.since)
  answer[#answer + 1] = whole(space.count)
end
if redis.call('ZSCORE', ORDER, at) then
  tell(at)
end
for _, member in ipairs(redis.call('ZRANGEBYLEX', ORDER, '[' .. at .. '\0', '(' .. at .. '\1')) do
  tell(member)
end
return answer
