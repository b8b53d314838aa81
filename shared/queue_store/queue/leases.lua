-- How the queue and its leases are kept. A job's id is arq's: the queue's hash tag is in it.
-- keys: QUEUE ATTEMPTS OWNERS TOKENS
--
-- QUEUE is a sorted set in arq's form: ids by the time (ms) at which a worker may take them. Of a job
-- that is held, that is the end of its lease: an expired one becomes ready by itself.
-- ATTEMPTS and OWNERS are hashes by id: how often the job was claimed, and who holds it. A worker that gives a
-- job back is no longer its owner, so a late renewal does not take it back.
-- TOKENS is a list with a hint for each job that may be ready; QUEUE is the truth.
-- Some scripts have more: AGAIN, a set of held jobs that were queued again; CANCELLED, held jobs by
-- the time of that; and two keys of one job for arq's tools: PAYLOAD, while the job is in the queue,
-- and PROGRESS, while a renewed lease runs.

local TOKENS_KEPT, TOKENS_LIVE_S = 1000, 3600

local function holds(id, owner, attempt)
  return redis.call('HGET', OWNERS, id) == owner and redis.call('HGET', ATTEMPTS, id) == attempt
end

-- No claim of a job has the number of an earlier one: the next is above the log's attempt, which
-- knows the claims that were made before the job last left the queue.
local function count_above(id, attempt)
  if tonumber(redis.call('HGET', ATTEMPTS, id) or '0') < tonumber(attempt) then
    redis.call('HSET', ATTEMPTS, id, attempt)
  end
end

-- The job may be taken after the delay; where there is none, a worker is woken.
local function make_ready(id, delay_ms)
  redis.call('ZADD', QUEUE, whole(now_ms() + tonumber(delay_ms)), id)
  if tonumber(delay_ms) == 0 then
    redis.call('RPUSH', TOKENS, '1')
    redis.call('LTRIM', TOKENS, -TOKENS_KEPT, -1)
    redis.call('EXPIRE', TOKENS, TOKENS_LIVE_S)
  end
end
