-- Closes a job over its holder's head, under a raised fence: what the sweep and a worker's watchdog
-- do with a job that nobody can close any more. Repeatable: a closed job stays as it is.
-- KEYS  a job's
-- ARGV  1 id  2 status  3 at  4 data of `end`  5 error (JSON, '' where none)  6 retention_ms
--       7 events_ttl_ms  8 token: only while this attempt runs ('': whoever has it)
--       9 only if the record would be forgotten within these ms ('': however long it will live)
-- Returns {'ok', status that the job has now}, or {'missing'}, {'fenced', attempt}.
local r = record()
local token, within_ms = ARGV[8], tonumber(ARGV[9])
if not r then
  return { 'missing' }
elseif FINAL[r.status] then
  return { 'ok', r.status }
elseif token ~= '' and (r.token ~= token or r.status ~= 'running') then
  return { 'fenced', whole(r.attempt) }
elseif within_ms and redis.call('PTTL', JOB) >= within_ms then
  return { 'fenced', whole(r.attempt) }
end
if ARGV[5] ~= '' then
  redis.call('HSET', JOB, 'error', ARGV[5])
end
close_over(r, ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[6], ARGV[7])
return { 'ok', ARGV[2] }
