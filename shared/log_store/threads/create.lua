-- Makes a thread, unless it is there. Repeatable.
-- keys: CHECKPOINTS THREAD...
-- args: metadata terms ttl_ms
-- uses: log_store/threads/record
-- metadata: JSON. terms: its terms.
-- Returns {'ok', '1' if it was made here or '0', record as field, value, ...}.
local made = redis.call('EXISTS', thread.record) == 0
if made then
  make_thread(metadata, terms, ttl_ms)
end
local reply = { 'ok', made and '1' or '0' }
for _, part in ipairs(redis.call('HGETALL', thread.record)) do
  reply[#reply + 1] = part
end
return reply
