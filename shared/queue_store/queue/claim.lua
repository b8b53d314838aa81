-- Takes the jobs that are ready, oldest first, each under a new attempt and this owner's lease.
-- A claim that finds fewer than it asked for drops the tokens: they are stale, and would keep
-- workers spinning.
-- keys: QUEUE ATTEMPTS OWNERS TOKENS AGAIN
-- args: owner lease_ms most
-- Returns {'ok', id, attempt, id, attempt, ...}.
local now, wanted = now_ms(), tonumber(most)
local lease_ends = whole(now + tonumber(lease_ms))
local reply = { 'ok' }
local ready = redis.call('ZRANGEBYSCORE', QUEUE, '-inf', whole(now), 'LIMIT', 0, wanted)
for _, id in ipairs(ready) do
  reply[#reply + 1] = id
  reply[#reply + 1] = whole(redis.call('HINCRBY', ATTEMPTS, id, 1))
  redis.call('HSET', OWNERS, id, owner)
  redis.call('SREM', AGAIN, id)
  redis.call('ZADD', QUEUE, lease_ends, id)
end
if #ready < wanted then
  redis.call('DEL', TOKENS)
end
return reply
