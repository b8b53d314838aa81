-- The holder gives the job back, for another attempt after a delay. Repeatable.
-- keys: QUEUE ATTEMPTS OWNERS TOKENS AGAIN CANCELLED PAYLOAD PROGRESS
-- args: id owner attempt delay_ms above
-- uses: queue_store/queue/leaving
-- flags: allow-oom
-- above: the attempt of the log, where it refused this one.
-- Returns {'ok', 'released' | 'lost'}.
if not holds(id, owner, attempt) then
  return { 'ok', 'lost' }
end
if redis.call('ZSCORE', CANCELLED, id) then
  -- Cancelled after its log's `queued`, and so closed: nobody must run it.
  remove(id)
else
  count_above(id, above)
  put_back(id, delay_ms)
end
return { 'ok', 'released' }
