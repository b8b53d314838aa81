-- Begins an item's life anew, if it has a TTL.
-- KEYS  as in the prelude
-- ARGV  1 path  2 key
-- Returns {'ok'}.
local at = place(ARGV[1], ARGV[2])
local item = get('i' .. at)
if item and item.ttl then
  live(at, item.ttl)
end
return { 'ok' }
