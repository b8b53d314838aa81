-- Restarts an item's TTL, if it has one.
-- keys: ITEMS ORDER DUE
-- args: path key
-- uses: log_store/items/items
-- Returns {'ok'}.
local at = place(path, key)
local item = get('i' .. at)
if item and item.ttl then
  live(at, item.ttl)
end
return { 'ok' }
