-- A worker announces itself, by the store's own clock, so that hosts may disagree about the time.
-- keys: WORKERS WORKER
-- args: worker_id served known_ms age_ms
-- served: JSON. age_ms: of this beat: 0, or old enough to count as gone.
-- Returns {'ok', now_ms}.
local now = now_ms()
redis.call('ZADD', WORKERS, whole(now - tonumber(age_ms)), worker_id)
redis.call('ZREMRANGEBYSCORE', WORKERS, '-inf', whole(now - tonumber(known_ms)))
redis.call('PEXPIRE', WORKERS, known_ms)
redis.call('SET', WORKER, served, 'PX', known_ms)
return { 'ok', whole(now) }
