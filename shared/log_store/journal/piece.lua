-- Stores a part of a value that is too large for one call, under the holder's fence, ahead of the
-- journal's entry that counts the parts. Repeatable.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: attempt token open_ttl_ms field data
-- uses: log_store/fence
-- Returns {'ok'}, or {'missing'}, {'closed', seq}, {'fenced', attempt}, {'hole', seq}, {'taken', seq}.
local reply = refusal(tonumber(attempt), token)
if reply then
  return reply
end
redis.call('HSET', CHECKPOINTS, field, data)
keep_state(open_ttl_ms)
return { 'ok' }
