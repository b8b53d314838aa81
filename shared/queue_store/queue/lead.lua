-- Asks to be the one that sweeps, and renews that; tells the leader which cancelled jobs nobody
-- has ended in time.
-- keys: SWEEPER CANCELLED
-- args: worker lease_ms overdue_ms
-- flags: allow-oom
-- Returns {'ok', 'no'}, or {'ok', 'yes', id, ...}.
local leader = redis.call('GET', SWEEPER)
if leader and leader ~= worker then
  return { 'ok', 'no' }
end
redis.call('SET', SWEEPER, worker, 'PX', lease_ms)
local overdue = whole(now_ms() - tonumber(overdue_ms))
local reply = { 'ok', 'yes' }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', CANCELLED, '-inf', overdue, 'LIMIT', 0, 100)) do
  reply[#reply + 1] = id
end
return reply
