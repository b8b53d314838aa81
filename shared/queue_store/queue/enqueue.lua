-- Queues a job. Repeatable: an id that is queued stays as it is. One that a worker still holds will
-- be queued again when that worker is done with it.
-- keys: QUEUE ATTEMPTS OWNERS TOKENS AGAIN PAYLOAD
-- args: id payload ttl_ms delay_ms above
-- uses: queue_store/queue/leases
-- payload: in arq's form. above: the attempt of the log.
-- Returns {'ok', 'queued' | 'known'}.
local held = redis.call('HEXISTS', OWNERS, id) == 1
if not held then
  count_above(id, above)
end
if redis.call('ZSCORE', QUEUE, id) then
  if held then
    redis.call('SADD', AGAIN, id)
  end
  return { 'ok', 'known' }
end
redis.call('SET', PAYLOAD, payload, 'PX', ttl_ms)
make_ready(id, delay_ms)
return { 'ok', 'queued' }
