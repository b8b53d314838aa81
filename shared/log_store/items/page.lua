-- Reads some items of a namespace, oldest first.
-- KEYS  as in the prelude
-- ARGV  1 path  2 how many to pass over  3 how many to read  4 '1' to read their vectors too, else '0'
-- Returns {'ok', key, created, updated, value, vectors or '', '1' if it has a TTL or '0', key, ...}.
local answer, first = { 'ok' }, 'i' .. place(ARGV[1], '')
local found = redis.call('ZRANGEBYLEX', ORDER, '[' .. first, '(i' .. ARGV[1] .. '\0\1',
  'LIMIT', ARGV[2], ARGV[3])
for _, member in ipairs(found) do
  local key = string.sub(member, #first + 17)
  local at = place(ARGV[1], key)
  local item = get('i' .. at)
  local vectors = ARGV[4] == '1' and redis.call('HGET', ITEMS, 'v' .. at) or ''
  for _, part in ipairs({ key, whole(item.created), whole(item.updated), item.value, vectors,
    item.ttl and '1' or '0' }) do
    answer[#answer + 1] = part
  end
end
return answer
