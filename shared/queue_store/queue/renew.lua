-- Renews the leases that are still this owner's, expired ones among them while nobody else has
-- claimed: a store that was down for a moment restarts no job. A released one is never taken back.
-- keys: QUEUE ATTEMPTS OWNERS TOKENS CANCELLED PROGRESS...
-- args: owner lease_ms claims...
-- uses: queue_store/queue/leases
-- flags: allow-oom
-- PROGRESS: of each job. claims: id, attempt, id, attempt, ...
-- Returns {'ok', 'held' | 'lost' | 'stop', ...}, one for each: stop is held, and to be cancelled.
local expiry = whole(now_ms() + tonumber(lease_ms))
local reply = { 'ok' }
for i = claims, #ARGV, 2 do
  local id, nth = ARGV[i], (i - claims) / 2
  if not holds(id, owner, ARGV[i + 1]) then
    reply[#reply + 1] = 'lost'
  else
    redis.call('SET', KEYS[PROGRESS + nth], owner, 'PX', lease_ms)
    redis.call('ZADD', QUEUE, expiry, id)
    reply[#reply + 1] = redis.call('ZSCORE', CANCELLED, id) and 'stop' or 'held'
  end
end
return reply
