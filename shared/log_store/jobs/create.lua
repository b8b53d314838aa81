-- Creates a job: its record and event 1, `status` queued. Repeatable: the id is the caller's.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS
-- args: id open_ttl_ms tenant request created_at event max_attempts
-- uses: log_store/log
-- request: JSON. event: data of event 1.
-- Returns {'ok', seq}.
if redis.call('EXISTS', JOB) == 0 then
  -- stylua: ignore
  redis.call('HSET', JOB, 'format', FORMAT, 'tenant', tenant, 'request', request,
    'created_at', created_at, 'status', 'queued', 'attempt', '0', 'token', '', 'seq', '1',
    'failures', '0', 'max_attempts', max_attempts)
  add(1, 'status', event)
  redis.call('ZADD', OPEN, whole(now_ms()), id)
  keep_open(open_ttl_ms)
end
return { 'ok', '1' }
