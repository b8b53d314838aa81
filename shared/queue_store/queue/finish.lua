-- The holder is done with the job: it leaves the queue, unless it was queued again meanwhile.
-- Repeatable.
-- args: id owner attempt
-- uses: queue_store/queue/leases
-- flags: allow-oom
-- Returns {'ok', 'done' | 'again' | 'lost'}.
if not holds(id, owner, attempt) then
  return { 'ok', 'lost' }
elseif redis.call('HGET', lease_key(id), 'again') then
  put_back(id, 0)
  return { 'ok', 'again' }
end
remove(id)
return { 'ok', 'done' }
