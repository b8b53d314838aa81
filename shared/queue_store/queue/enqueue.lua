-- Queues a job. Repeatable: an id that is queued stays as it is. One that a worker still holds will
-- be queued again when that worker is done with it.
-- ARGV  1 id  2 payload in arq's form  3 ttl_ms  4 delay_ms  5 attempt of the log
-- Returns {'ok', 'queued' | 'known'}.
local id = ARGV[1]
local owner = redis.call('HGET', lease_key(id), 'owner')
local held = owner and owner ~= ''
if not held then
  count_above(id, ARGV[5], ARGV[3])
end
if redis.call('ZSCORE', QUEUE, id) then
  if held then
    redis.call('HSET', lease_key(id), 'again', '1')
  end
  return { 'ok', 'known' }
end
redis.call('SET', job_key(id), ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', QUEUE, whole(now_ms() + tonumber(ARGV[4])), id)
if ARGV[4] == '0' then
  wake()
end
return { 'ok', 'queued' }
