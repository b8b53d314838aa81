-- Cancels a job. Queued or waiting: closed here, under a raised fence, with the number that the
-- store gives. Running: only flagged; its holder closes it, or the sweep. Repeatable.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: id at data retention_ms events_ttl_ms rollback
-- uses: log_store/log log_store/threads/rollback
-- flags: allow-oom
-- data: of `end`. rollback: '1' if what it has stored of its thread's state is taken back.
-- Returns {'ok', status that the job has now, id of the job to be queued now or ''}, or {'missing'},
-- {'keys', thread, ''}.
local r, reply = record()
if not r then
  return reply
elseif FINAL[r.status] then
  return { 'ok', r.status, '' }
end
redis.call('HSETNX', JOB, 'cancel', whole(now_ms()))
if rollback == '1' then
  redis.call('HSET', JOB, 'rollback', '1')
end
if r.status == 'running' then
  return { 'ok', r.status, '' }
end
roll_back('cancelled')
return { 'ok', 'cancelled', close_over(r, id, 'cancelled', at, data, retention_ms, events_ttl_ms) }
