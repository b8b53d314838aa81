-- Lists the thread's checkpoints.
-- KEYS  as in the prelude
-- Returns {'ok', ns, id, ns, id, ...}: each namespace's oldest first.
local answer = { 'ok' }
for _, field in ipairs(redis.call('HKEYS', ALL)) do
  if string.sub(field, 1, 4) == 'ids:' then
    local ns = string.sub(field, 5)
    for _, id in ipairs(names(get(field))) do
      if redis.call('HEXISTS', ALL, 'ckpt:' .. ns .. '\1' .. id) == 1 then
        answer[#answer + 1] = ns
        answer[#answer + 1] = id
      end
    end
  end
end
return answer
