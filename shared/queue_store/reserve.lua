-- Reserves an Idempotency-Key for a job. The first request decides which job the key stands for.
-- Repeatable: the caller knows its own reservation by the id.
-- keys: KEY
-- args: job_id digest ttl_ms
-- digest: of the request.
-- Returns {'ok', '<job id> <digest>'} of whoever came first.
local mine = job_id .. ' ' .. digest
local first = redis.call('GET', KEY)
if not first then
  redis.call('SET', KEY, mine, 'PX', ttl_ms)
end
return { 'ok', first or mine }
