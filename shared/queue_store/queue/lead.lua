-- Asks to be the one that sweeps, and renews that; tells the leader which cancelled jobs nobody
-- has ended in time.
-- args: worker lease_ms overdue_ms
-- uses: queue_store/queue/leases
-- flags: allow-oom
-- Returns {'ok', 'no'}, or {'ok', 'yes', id, ...}.
local leader = 'tailrace:sweeper'
local now = redis.call('GET', leader)
if now and now ~= worker then
  return { 'ok', 'no' }
end
redis.call('SET', leader, worker, 'PX', lease_ms)
local overdue = whole(now_ms() - tonumber(overdue_ms))
local reply = { 'ok', 'yes' }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', ABORT, '-inf', overdue, 'LIMIT', 0, 100)) do
  reply[#reply + 1] = id
end
return reply
