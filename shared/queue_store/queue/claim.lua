-- Takes the jobs that are ready, oldest first, each under a new attempt and this owner's lease.
-- A claim that finds fewer than it asked for drops the tokens: they are stale, and would keep
-- workers spinning.
-- ARGV  1 owner  2 lease_ms  3 how many  4 ttl_ms
-- Returns {'ok', id, attempt, id, attempt, ...}.
local now, most = now_ms(), tonumber(ARGV[3])
local answer = { 'ok' }
local ready = redis.call('ZRANGEBYSCORE', QUEUE, '-inf', whole(now), 'LIMIT', 0, most)
for _, id in ipairs(ready) do
  local attempt = redis.call('HINCRBY', lease_key(id), 'attempt', 1)
  redis.call('HSET', lease_key(id), 'owner', ARGV[1])
  redis.call('HDEL', lease_key(id), 'again')
  redis.call('PEXPIRE', lease_key(id), ARGV[4])
  redis.call('PEXPIRE', job_key(id), ARGV[4])
  redis.call('SET', progress_key(id), ARGV[1], 'PX', ARGV[2])
  redis.call('ZADD', QUEUE, whole(now + tonumber(ARGV[2])), id)
  answer[#answer + 1] = id
  answer[#answer + 1] = whole(attempt)
end
if #ready < most then
  redis.call('DEL', TOKENS)
end
return answer
