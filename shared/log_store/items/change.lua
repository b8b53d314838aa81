-- Puts and deletes items, in the order that is given. Repeatable.
-- keys: ITEMS ORDER DUE
-- args: changes...
-- uses: log_store/items/items
-- changes: kind ('put' or 'delete'), path, key, value, vectors or '', ttl (ms) or '', since, kind, ...;
-- since is a number that orders a namespace among others, taken only where it is new.
-- Returns {'ok'}.
local function put(path, key, value, vectors, ttl, since)
  local at = place(path, key)
  local item = get('i' .. at)
  if not item then
    local space = get('n' .. path) or { since = since, count = 0, last = 0 }
    space.count, space.last = space.count + 1, space.last + 1
    set('n' .. path, space)
    item = { v = FORMAT, number = space.last, created = now_us }
    redis.call('ZADD', ORDER, 0, 'n' .. path, 0, in_order(path, item.number, key))
  end
  item.updated, item.value, item.ttl = now_us, value, ttl or false
  set('i' .. at, item)
  if vectors ~= '' then
    redis.call('HSET', ITEMS, 'v' .. at, vectors)
  else
    redis.call('HDEL', ITEMS, 'v' .. at)
  end
  live(at, ttl)
end

for i = changes, #ARGV, 7 do
  if ARGV[i] == 'put' then
    put(ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6]))
  else
    remove(ARGV[i + 1], ARGV[i + 2])
  end
end
return { 'ok' }
