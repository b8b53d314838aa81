-- The holder is done with the job: it leaves the queue, unless it was queued again meanwhile.
-- Repeatable.
-- keys: QUEUE ATTEMPTS OWNERS TOKENS AGAIN CANCELLED PAYLOAD PROGRESS
-- args: id owner attempt
-- uses: queue_store/queue/leaving
-- flags: allow-oom
-- Returns {'ok', 'done' | 'again' | 'lost'}.
if not holds(id, owner, attempt) then
  return { 'ok', 'lost' }
elseif redis.call('SISMEMBER', AGAIN, id) == 1 then
  put_back(id, 0)
  return { 'ok', 'again' }
end
remove(id)
return { 'ok', 'done' }
