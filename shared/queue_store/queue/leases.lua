-- How the queue and its leases are kept. The keys are arq's, so that its tools still see the queue:
-- arq:queue holds ids by the time (ms) at which a worker may take them, arq:job:<id> exists while
-- the job is queued or held, arq:in-progress:<id> while a lease runs, arq:abort what has to stop.
-- Beside them: tailrace:lease:<id> (hash: attempt, owner ('' when released), again), and
-- tailrace:tokens, a list with a hint for each job that may be ready. The sorted set is the truth.
-- A held job's score is the end of its lease: an expired one becomes ready by itself.
-- The queue lives on one Redis, never on a Cluster, so keys may be made here.

local QUEUE, ABORT, TOKENS = 'arq:queue', 'arq:abort', 'tailrace:tokens'
local TOKENS_KEPT, TOKENS_LIVE_S, INBOX_LIVES_S = 1000, 3600, 60

local function job_key(id)
  return 'arq:job:' .. id
end
local function progress_key(id)
  return 'arq:in-progress:' .. id
end
local function lease_key(id)
  return 'tailrace:lease:' .. id
end
local function inbox_key(worker)
  return 'tailrace:inbox:' .. worker
end

local function holds(id, owner, attempt)
  local r = redis.call('HMGET', lease_key(id), 'owner', 'attempt')
  return r[1] == owner and r[2] == attempt
end

-- No claim of a job has the number of an earlier one: the next is above the log's attempt, which
-- knows the claims that were made before the job last left the queue.
local function count_above(id, attempt, ttl_ms)
  local counted = tonumber(redis.call('HGET', lease_key(id), 'attempt') or '0')
  if counted < tonumber(attempt) then
    redis.call('HSET', lease_key(id), 'attempt', attempt)
    redis.call('PEXPIRE', lease_key(id), ttl_ms)
  end
end

local function wake()
  redis.call('RPUSH', TOKENS, '1')
  redis.call('LTRIM', TOKENS, -TOKENS_KEPT, -1)
  redis.call('EXPIRE', TOKENS, TOKENS_LIVE_S)
end

-- The holder's end of a lease that goes back to the queue. The mark (owner '') is what keeps a late
-- renewal from taking the job back.
local function put_back(id, delay_ms)
  redis.call('HSET', lease_key(id), 'owner', '')
  redis.call('HDEL', lease_key(id), 'again')
  redis.call('DEL', progress_key(id))
  redis.call('ZADD', QUEUE, whole(now_ms() + delay_ms), id)
  if delay_ms == 0 then
    wake()
  end
end

local function remove(id)
  redis.call('ZREM', QUEUE, id)
  redis.call('ZREM', ABORT, id)
  redis.call('DEL', job_key(id), progress_key(id), lease_key(id))
end
