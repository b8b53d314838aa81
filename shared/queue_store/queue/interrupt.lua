-- Tells whoever holds a cancelled job to stop it; a job that nobody holds leaves the queue.
-- args: id
-- uses: queue_store/queue/leases
-- flags: allow-oom
-- Returns {'ok', 'told' | 'removed'}.
local owner = redis.call('HGET', lease_key(id), 'owner')
if not owner or owner == '' then
  remove(id)
  return { 'ok', 'removed' }
end
redis.call('ZADD', ABORT, 'NX', whole(now_ms()), id)
redis.call('RPUSH', inbox_key(owner), id)
redis.call('EXPIRE', inbox_key(owner), INBOX_LIVES_S)
return { 'ok', 'told' }
