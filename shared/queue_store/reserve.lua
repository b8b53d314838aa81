-- Reserves an Idempotency-Key for a job. Who comes first decides which job the key stands for.
-- Repeatable: the caller knows its own reservation by the id.
-- KEYS  1 the key
-- ARGV  1 job id  2 digest of the request  3 ttl_ms
-- Returns {'ok', '<job id> <digest>'} of whoever came first.
local mine = ARGV[1] .. ' ' .. ARGV[2]
local first = redis.call('GET', KEYS[1])
if not first then
  redis.call('SET', KEYS[1], mine, 'PX', ARGV[3])
end
return { 'ok', first or mine }
