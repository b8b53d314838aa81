-- Keeps the newest checkpoint of every namespace, with what it is rebuilt from.
-- keys: CHECKPOINTS
-- uses: log_store/checkpoints/checkpoints
-- Returns {'ok'}.
for _, field in ipairs(redis.call('HKEYS', CHECKPOINTS)) do
  if string.sub(field, 1, 5) == 'head:' then
    trim(string.sub(field, 6), 1)
  end
end
return { 'ok' }
