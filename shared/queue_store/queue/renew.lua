-- Renews the leases that are still this owner's, expired ones among them while nobody else has
-- claimed: a store that was away for a moment restarts no job. A released one is never taken back.
-- ARGV  1 owner  2 lease_ms  3.. id, attempt, id, attempt, ...
-- Returns {'ok', 'held' | 'lost' | 'stop', ...}, one for each: stop is held, and to be cancelled.
local expiry = whole(now_ms() + tonumber(ARGV[2]))
local answer = { 'ok' }
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  if not holds(id, ARGV[1], ARGV[i + 1]) then
    answer[#answer + 1] = 'lost'
  else
    redis.call('SET', progress_key(id), ARGV[1], 'PX', ARGV[2])
    redis.call('ZADD', QUEUE, expiry, id)
    answer[#answer + 1] = redis.call('ZSCORE', ABORT, id) and 'stop' or 'held'
  end
end
return answer
