-- Lists the thread's checkpoints.
-- keys: CHECKPOINTS
-- uses: log_store/checkpoints/checkpoints
-- Returns {'ok', ns, id, ns, id, ...}: each namespace's oldest first.
local reply = { 'ok' }
for _, field in ipairs(redis.call('HKEYS', CHECKPOINTS)) do
  if string.sub(field, 1, 4) == 'ids:' then
    local ns = string.sub(field, 5)
    for _, id in ipairs(names(get(field))) do
      if redis.call('HEXISTS', CHECKPOINTS, 'ckpt:' .. ns .. '\1' .. id) == 1 then
        reply[#reply + 1] = ns
        reply[#reply + 1] = id
      end
    end
  end
end
return reply
