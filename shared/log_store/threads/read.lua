-- Reads the records of threads.
-- keys: RECORDS...
-- Returns {'ok', status, created_at, updated_at, metadata, status, ...}; four times '' for one that is
-- not there.
local reply = { 'ok' }
for n = RECORDS, #KEYS do
  local told = redis.call('HMGET', KEYS[n], 'status', 'created_at', 'updated_at', 'metadata')
  for i = 1, 4 do
    reply[#reply + 1] = told[i] or ''
  end
end
return reply
