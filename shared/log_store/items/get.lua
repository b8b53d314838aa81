-- Reads an item.
-- keys: ITEMS ORDER DUE
-- args: path key renews
-- uses: log_store/items/items
-- renews: '1' to restart its TTL, otherwise '0'.
-- Returns {'ok', created, updated, value}, or {'ok'} where there is none.
local at = place(path, key)
local item = get('i' .. at)
if not item then
  return { 'ok' }
end
if item.ttl and renews == '1' then
  live(at, item.ttl)
end
return { 'ok', whole(item.created), whole(item.updated), item.value }
