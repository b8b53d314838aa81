-- How the items of graphs' stores are kept, in one shard.
-- keys: ITEMS ORDER DUE
--
-- ITEMS is a hash, ORDER a sorted set by name, DUE one by the time when an item goes.
-- A namespace's path is its tenant and its labels, divided by \0; no label is empty or holds a \0.
-- An item's place is its path, \0\0 and its key, which may hold anything.
--   items   n<path>   a namespace that has items: since, count, last (number of its newest item)
--           i<place>  an item: v (the format, see keys.py), number, created and updated (µs), ttl (ms) or false, value
--           v<place>  its vectors, if it has any
--   order   n<path>   so that the namespaces below a path are found
--           i<path>\0\0<number in 16 digits><key>   so that items are found oldest first
--   due     <place>   of an item with a TTL: the time when it goes (ms)
--
-- What is due goes before anything else is done, so no script ever sees an item that has expired.

local clock = redis.call('TIME')
local now_us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local time_ms = math.floor(now_us / 1000)

local function get(field)
  local packed = redis.call('HGET', ITEMS, field)
  return packed and cmsgpack.unpack(packed)
end

local function set(field, value)
  redis.call('HSET', ITEMS, field, cmsgpack.pack(value))
end

local function place(path, key)
  return path .. '\0\0' .. key
end

local function in_order(path, number, key)
  return 'i' .. place(path, string.format('%016.0f', number) .. key)
end

-- From now on the item lives for its TTL, or until it is deleted.
local function live(at, ttl)
  if ttl then
    redis.call('ZADD', DUE, time_ms + ttl, at)
  else
    redis.call('ZREM', DUE, at)
  end
end

local function remove(path, key)
  local at = place(path, key)
  local item = get('i' .. at)
  if not item then
    return
  end
  redis.call('HDEL', ITEMS, 'i' .. at, 'v' .. at)
  redis.call('ZREM', ORDER, in_order(path, item.number, key))
  redis.call('ZREM', DUE, at)
  local space = get('n' .. path)
  space.count = space.count - 1
  if space.count > 0 then
    set('n' .. path, space)
  else
    redis.call('HDEL', ITEMS, 'n' .. path)
    redis.call('ZREM', ORDER, 'n' .. path)
  end
end

for _, at in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', time_ms)) do
  local ends, begins = string.find(at, '%z%z')
  remove(string.sub(at, 1, ends - 1), string.sub(at, begins + 1))
end
