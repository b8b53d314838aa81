-- Takes the jobs that are ready, oldest first, each under a new attempt and this owner's lease.
-- A claim that finds fewer than it asked for drops the tokens: they are stale, and would keep
-- workers spinning.
-- args: owner lease_ms most ttl_ms
-- uses: queue_store/queue/leases
-- Returns {'ok', id, attempt, id, attempt, ...}.
local now, wanted = now_ms(), tonumber(most)
local reply = { 'ok' }
local ready = redis.call('ZRANGEBYSCORE', QUEUE, '-inf', whole(now), 'LIMIT', 0, wanted)
for _, id in ipairs(ready) do
  local attempt = redis.call('HINCRBY', lease_key(id), 'attempt', 1)
  redis.call('HSET', lease_key(id), 'owner', owner)
  redis.call('HDEL', lease_key(id), 'again')
  redis.call('PEXPIRE', lease_key(id), ttl_ms)
  redis.call('PEXPIRE', job_key(id), ttl_ms)
  redis.call('SET', progress_key(id), owner, 'PX', lease_ms)
  redis.call('ZADD', QUEUE, whole(now + tonumber(lease_ms)), id)
  reply[#reply + 1] = id
  reply[#reply + 1] = whole(attempt)
end
if #ready < wanted then
  redis.call('DEL', TOKENS)
end
return reply
