-- Lists the thread's checkpoints.
-- keys: CHECKPOINTS
-- uses: log_store/checkpoints/checkpoints
-- Returns {'ok', ns, id, ns, id, ...}: each namespace's oldest first.
local reply = { 'ok' }
for _, ns in ipairs(namespaces()) do
  local ids = {}
  for id in chain(ns, get('head:' .. ns)) do
    table.insert(ids, 1, id)
  end
  for _, id in ipairs(ids) do
    reply[#reply + 1] = ns
    reply[#reply + 1] = id
  end
end
return reply
