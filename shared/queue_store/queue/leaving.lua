-- How a held job goes back to the queue, and how a job leaves it.
-- keys: QUEUE ATTEMPTS OWNERS TOKENS AGAIN CANCELLED PAYLOAD PROGRESS
-- uses: queue_store/queue/leases

local function put_back(id, delay_ms)
  redis.call('HDEL', OWNERS, id)
  redis.call('SREM', AGAIN, id)
  redis.call('DEL', PROGRESS)
  make_ready(id, delay_ms)
end

local function remove(id)
  redis.call('ZREM', QUEUE, id)
  redis.call('HDEL', ATTEMPTS, id)
  redis.call('HDEL', OWNERS, id)
  redis.call('SREM', AGAIN, id)
  redis.call('ZREM', CANCELLED, id)
  redis.call('DEL', PAYLOAD, PROGRESS)
end
