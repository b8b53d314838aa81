-- A worker announces itself, by the store's own clock, so that hosts may disagree about the time.
-- What workers that have not beaten for long served is forgotten.
-- keys: WORKERS SERVED DETAILS...
-- args: worker_id served known_ms age_ms
-- served: JSON. age_ms: of this beat: 0, or old enough to count as gone.
-- DETAILS: of the graphs that it serves, kept as long as somebody beats for them.
-- Returns {'ok', '1' or '0' for each of DETAILS: whether it is there}.
local now = now_ms()
redis.call('ZADD', WORKERS, whole(now - tonumber(age_ms)), worker_id)
redis.call('HSET', SERVED, worker_id, served)
local known_since = whole(now - tonumber(known_ms))
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', WORKERS, '-inf', known_since)) do
  redis.call('ZREM', WORKERS, gone)
  redis.call('HDEL', SERVED, gone)
end
redis.call('PEXPIRE', WORKERS, known_ms)
redis.call('PEXPIRE', SERVED, known_ms)
local reply = { 'ok' }
for n = DETAILS, #KEYS do
  reply[#reply + 1] = tostring(redis.call('PEXPIRE', KEYS[n], known_ms))
end
return reply
