-- Reads some items of a namespace, oldest first.
-- keys: ITEMS ORDER DUE
-- args: path start count with_vectors
-- uses: log_store/items/items
-- start: how many to pass over. count: how many to read. with_vectors: '1' for those too, else '0'.
-- Returns {'ok', key, created, updated, value, vectors or '', '1' if it has a TTL or '0', key, ...}.
local reply, first = { 'ok' }, 'i' .. place(path, '')
local found = redis.call('ZRANGEBYLEX', ORDER, '[' .. first, '(i' .. path .. '\0\1', 'LIMIT', start, count)
for _, member in ipairs(found) do
  local key = string.sub(member, #first + 17)
  local at = place(path, key)
  local item = get('i' .. at)
  local vectors = with_vectors == '1' and redis.call('HGET', ITEMS, 'v' .. at) or ''
  for _, part in ipairs({
    key,
    whole(item.created),
    whole(item.updated),
    item.value,
    vectors,
    item.ttl and '1' or '0',
  }) do
    reply[#reply + 1] = part
  end
end
return reply
