-- Deletes jobs that remain of deleted threads. Repeatable.
-- keys: OPEN REMAINS JOBS...
-- flags: allow-oom
-- JOBS: JOB, LOG and BLOBS of each.
-- Returns {'ok'}.
for n = JOBS, #KEYS, 3 do
  local id = string.match(KEYS[n], '[^:]+$')
  if redis.call('ZSCORE', REMAINS, id) then
    redis.call('UNLINK', KEYS[n], KEYS[n + 1], KEYS[n + 2])
    redis.call('ZREM', OPEN, id)
    redis.call('ZREM', REMAINS, id)
  end
end
return { 'ok' }
