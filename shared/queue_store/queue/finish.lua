-- The holder is done with the job: it leaves the queue, unless it was queued again meanwhile.
-- Repeatable.
-- ARGV  1 id  2 owner  3 attempt
-- Returns {'ok', 'done' | 'again' | 'lost'}.
local id = ARGV[1]
if not holds(id, ARGV[2], ARGV[3]) then
  return { 'ok', 'lost' }
elseif redis.call('HGET', lease_key(id), 'again') then
  put_back(id, 0)
  return { 'ok', 'again' }
end
remove(id)
return { 'ok', 'done' }
