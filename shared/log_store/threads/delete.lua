-- Deletes a thread in one step: its record, line, index and checkpoints, and the jobs whose keys are
-- given. Its other jobs remain to be deleted (see bury.lua). Repeatable.
-- keys: CHECKPOINTS OPEN REMAINS THREAD...
-- args: if_expired
-- uses: log_store/threads/record
-- flags: allow-oom
-- THREAD: after the thread's keys, the four of each job that is deleted with it.
-- if_expired: '1' to do it only if the thread's time is up.
-- Returns {'ok', '1' if there was a thread or '0', id of a job that remains, ...}.
if if_expired == '1' and redis.call('PTTL', thread.record) > LATE_MS then
  return { 'ok', '0' }
end
local there, given = redis.call('EXISTS', thread.record) == 1, {}
for n = THREAD + #thread_keys, #KEYS, 4 do
  local id = id_of(KEYS[n])
  given[id] = true
  -- Only the thread's own: the caller has read the list some time ago.
  if redis.call('ZSCORE', thread.jobs, id) then
    redis.call('UNLINK', unpack(KEYS, n, n + 3))
    redis.call('ZREM', OPEN, id)
  end
end
local reply, now = { 'ok', there and '1' or '0' }, whole(now_ms())
for _, id in ipairs(redis.call('ZRANGE', thread.jobs, 0, -1)) do
  redis.call('ZREM', thread.heads, id)
  if not given[id] then
    redis.call('ZADD', REMAINS, now, id)
    reply[#reply + 1] = id
  end
end
unlist(names(), {})
redis.call('ZREM', thread.due, string.match(thread.record, ':thread:(.+)$'))
redis.call('UNLINK', thread.record, thread.line, thread.jobs, thread.log, CHECKPOINTS)
return reply
