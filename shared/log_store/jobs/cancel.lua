-- Cancels a job. Queued or waiting: closed here, under a raised fence, with the number that the
-- store gives. Running: only flagged; its holder closes it, or the sweep. Repeatable.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: id at data retention_ms events_ttl_ms
-- uses: log_store/log
-- flags: allow-oom
-- data: of `end`.
-- Returns {'ok', status that the job has now, id of the job to be queued now or ''}, or {'missing'},
-- {'keys', thread, ''}.
local r, reply = record()
if not r then
  return reply
elseif FINAL[r.status] then
  return { 'ok', r.status, '' }
end
redis.call('HSETNX', JOB, 'cancel', whole(now_ms()))
if r.status == 'running' then
  return { 'ok', r.status, '' }
end
return { 'ok', 'cancelled', close_over(r, id, 'cancelled', at, data, retention_ms, events_ttl_ms) }
