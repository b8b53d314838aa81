-- The holder gives the job back, for another attempt after a delay. Repeatable.
-- args: id owner attempt delay_ms above ttl_ms
-- uses: queue_store/queue/leases
-- flags: allow-oom
-- above: the attempt of the log, where it refused this one.
-- Returns {'ok', 'released' | 'lost'}.
if not holds(id, owner, attempt) then
  return { 'ok', 'lost' }
end
if redis.call('ZSCORE', ABORT, id) then
  -- Cancelled after its log's `queued`, and so closed: nobody must run it.
  remove(id)
else
  count_above(id, above, ttl_ms)
  put_back(id, tonumber(delay_ms))
end
return { 'ok', 'released' }
