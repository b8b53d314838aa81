-- Drops some checkpoints of a namespace.
-- keys: CHECKPOINTS
-- args: ns ids...
-- uses: log_store/checkpoints/checkpoints
-- Returns {'ok'}.
local stays = {}
for id in chain(ns, get('head:' .. ns)) do
  stays[id] = true
end
for i = ids, #ARGV do
  stays[ARGV[i]] = nil
end
retain(ns, stays)
save()
if #namespaces() == 0 then
  redis.call('UNLINK', CHECKPOINTS)
end
return { 'ok' }
