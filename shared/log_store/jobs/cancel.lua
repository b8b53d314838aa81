-- Cancels a job. Queued or waiting: closed here, under a raised fence, with the number that the
-- store gives. Running: only flagged; its holder closes it, or the sweep. Repeatable.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS
-- args: id at data retention_ms events_ttl_ms
-- uses: log_store/log
-- flags: allow-oom
-- data: of `end`.
-- Returns {'ok', status that the job has now}, or {'missing'}.
local r = record()
if not r then
  return { 'missing' }
elseif FINAL[r.status] then
  return { 'ok', r.status }
end
redis.call('HSETNX', JOB, 'cancel', whole(now_ms()))
if r.status == 'running' then
  return { 'ok', r.status }
end
close_over(r, id, 'cancelled', at, data, retention_ms, events_ttl_ms)
return { 'ok', 'cancelled' }
