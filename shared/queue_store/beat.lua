-- A worker announces itself, by the store's own clock, so that hosts may disagree about the time.
-- KEYS  1 workers  2 this worker
-- ARGV  1 worker id  2 what it serves (JSON)  3 known_ms  4 age_ms of this beat (0, or old enough
--       to count as gone)
-- Returns {'ok', now_ms}.
local now = now_ms()
redis.call('ZADD', KEYS[1], whole(now - tonumber(ARGV[4])), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole(now - tonumber(ARGV[3])))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return { 'ok', whole(now) }
