-- Reads an item.
-- KEYS  as in the prelude
-- ARGV  1 path  2 key  3 '1' to begin its life anew, else '0'
-- Returns {'ok', created, updated, value}, or {'ok'} where there is none.
local at = place(ARGV[1], ARGV[2])
local item = get('i' .. at)
if not item then
  return { 'ok' }
end
if item.ttl and ARGV[3] == '1' then
  live(at, item.ttl)
end
return { 'ok', whole(item.created), whole(item.updated), item.value }
