-- Asks to be the one that sweeps, and renews that; tells the leader which cancelled jobs nobody
-- has ended in time.
-- ARGV  1 worker  2 lease_ms  3 overdue_ms
-- Returns {'ok', 'no'}, or {'ok', 'yes', id, ...}.
local leader = 'tailrace:sweeper'
local now = redis.call('GET', leader)
if now and now ~= ARGV[1] then
  return { 'ok', 'no' }
end
redis.call('SET', leader, ARGV[1], 'PX', ARGV[2])
local overdue = whole(now_ms() - tonumber(ARGV[3]))
local answer = { 'ok', 'yes' }
for _, id in ipairs(redis.call('ZRANGEBYSCORE', ABORT, '-inf', overdue, 'LIMIT', 0, 100)) do
  answer[#answer + 1] = id
end
return answer
