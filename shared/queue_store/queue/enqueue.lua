-- Queues a job. Repeatable: an id that is queued stays as it is. One that a worker still holds will
-- be queued again when that worker is done with it.
-- args: id payload ttl_ms delay_ms above
-- uses: queue_store/queue/leases
-- payload: in arq's form. above: the attempt of the log.
-- Returns {'ok', 'queued' | 'known'}.
local owner = redis.call('HGET', lease_key(id), 'owner')
local held = owner and owner ~= ''
if not held then
  count_above(id, above, ttl_ms)
end
if redis.call('ZSCORE', QUEUE, id) then
  if held then
    redis.call('HSET', lease_key(id), 'again', '1')
  end
  return { 'ok', 'known' }
end
redis.call('SET', job_key(id), payload, 'PX', ttl_ms)
redis.call('ZADD', QUEUE, whole(now_ms() + tonumber(delay_ms)), id)
if delay_ms == '0' then
  wake()
end
return { 'ok', 'queued' }
