-- Reads what workers have announced, in the order of their beats.
-- keys: WORKERS SERVED
-- Returns {'ok', ms since the beat, what the worker serves (JSON), ms, ...}.
local now, reply = now_ms(), { 'ok' }
local beats = redis.call('ZRANGE', WORKERS, 0, -1, 'WITHSCORES')
for i = 1, #beats, 2 do
  reply[#reply + 1] = whole(now - beats[i + 1])
  reply[#reply + 1] = redis.call('HGET', SERVED, beats[i]) or '[]'
end
return reply
