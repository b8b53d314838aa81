-- Creates a job: its record and event 1, `status` queued. Repeatable: the id is the caller's.
-- KEYS  a job's
-- ARGV  1 id  2 open_ttl_ms  3 tenant  4 request (JSON)  5 created_at  6 data of event 1
--       7 max_attempts
-- Returns {'ok', seq}.
if redis.call('EXISTS', JOB) == 0 then
  redis.call('HSET', JOB, 'tenant', ARGV[3], 'request', ARGV[4], 'created_at', ARGV[5],
    'status', 'queued', 'attempt', '0', 'token', '', 'seq', '1', 'failures', '0',
    'max_attempts', ARGV[7])
  add(1, 'status', ARGV[6])
  redis.call('ZADD', OPEN, whole(now_ms()), ARGV[1])
  keep_open(ARGV[2])
end
return { 'ok', '1' }
