-- Closes a log under the holder's fence: `end`, status, result and error in one call.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: attempt token seq id status at data retention_ms events_ttl_ms fields...
-- uses: log_store/log log_store/threads/rollback log_store/fence
-- flags: allow-oom
-- data: of `end`. fields: field, value, ... of the record (result, error).
-- Returns {'ok', seq, id of the job to be queued now or ''}, or a refusal as append.lua.
local last = tonumber(seq)
local reply = admit(tonumber(attempt), token, last, last, true)
if reply then
  return { reply[1], reply[2] or '', '' }
end
for i = fields, #ARGV, 2 do
  redis.call('HSET', JOB, ARGV[i], ARGV[i + 1])
end
roll_back(status)
return { 'ok', whole(last), close(id, last, status, at, data, retention_ms, events_ttl_ms) }
