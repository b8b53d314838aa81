-- Renews the leases that are still this owner's, expired ones among them while nobody else has
-- claimed: a store that was unreachable for a moment restarts no job. A released one is never taken back.
-- args: owner lease_ms claims...
-- uses: queue_store/queue/leases
-- flags: allow-oom
-- claims: id, attempt, id, attempt, ...
-- Returns {'ok', 'held' | 'lost' | 'stop', ...}, one for each: stop is held, and to be cancelled.
local expiry = whole(now_ms() + tonumber(lease_ms))
local reply = { 'ok' }
for i = claims, #ARGV, 2 do
  local id = ARGV[i]
  if not holds(id, owner, ARGV[i + 1]) then
    reply[#reply + 1] = 'lost'
  else
    redis.call('SET', progress_key(id), owner, 'PX', lease_ms)
    redis.call('ZADD', QUEUE, expiry, id)
    reply[#reply + 1] = redis.call('ZSCORE', ABORT, id) and 'stop' or 'held'
  end
end
return reply
