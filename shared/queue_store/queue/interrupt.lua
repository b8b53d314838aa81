-- Notes that a job is cancelled, and tells who holds it; a job that nobody holds leaves the queue.
-- keys: QUEUE ATTEMPTS OWNERS TOKENS AGAIN CANCELLED PAYLOAD PROGRESS
-- args: id
-- uses: queue_store/queue/leaving
-- flags: allow-oom
-- Returns {'ok', owner}, or {'ok', ''} for a job that was removed.
local owner = redis.call('HGET', OWNERS, id)
if not owner then
  remove(id)
  return { 'ok', '' }
end
redis.call('ZADD', CANCELLED, 'NX', whole(now_ms()), id)
return { 'ok', owner }
