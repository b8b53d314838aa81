-- Keeps the newest checkpoint of every namespace, with what it is rebuilt from.
-- KEYS  as in the prelude
-- Returns {'ok'}.
for _, field in ipairs(redis.call('HKEYS', ALL)) do
  if string.sub(field, 1, 5) == 'head:' then
    trim(string.sub(field, 6), 1)
  end
end
return { 'ok' }
