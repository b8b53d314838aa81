-- Cancels a job. Queued or waiting: closed here, under a raised fence, with the number that the
-- store gives. Running: only flagged; its holder closes it, or the sweep. Repeatable.
-- KEYS  a job's
-- ARGV  1 id  2 at  3 data of `end`  4 retention_ms  5 events_ttl_ms
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
close_over(r, ARGV[1], 'cancelled', ARGV[2], ARGV[3], ARGV[4], ARGV[5])
return { 'ok', 'cancelled' }
