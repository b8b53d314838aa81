-- Deletes jobs that remain of deleted threads. Repeatable.
-- keys: OPEN REMAINS JOBS...
-- flags: allow-oom
-- JOBS: the four of each: its record first.
-- Returns {'ok'}.
for n = JOBS, #KEYS, 4 do
  local id = string.match(KEYS[n], '[^:]+$')
  if redis.call('ZSCORE', REMAINS, id) then
    redis.call('UNLINK', unpack(KEYS, n, n + 3))
    redis.call('ZREM', OPEN, id)
    redis.call('ZREM', REMAINS, id)
  end
end
return { 'ok' }
