-- Resumes a waiting job where it stopped: stores the values and queues the job in one call. The first
-- call wins. The last values and their stop stay in the record while the job waits at the next one.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: digest values event open_ttl_ms after
-- uses: log_store/log
-- digest: of the values. values: JSON, {} at a breakpoint. event: data of the `status` event.
-- after: the stop, by the number of its `waiting` event.
-- Returns {'ok', 'stored'}, {'ok', 'same'} for the same values for the same stop again, even if the
-- job has stopped again since, {'missing'}, {'keys', thread, ''}, or {'conflict', status} if the job
-- does not wait there.
local r, reply = record()
if not r then
  return reply
elseif r.answered_after == after and r.answer_digest == digest then
  return { 'ok', 'same' }
elseif r.status ~= 'waiting' or r.seq ~= tonumber(after) then
  return { 'conflict', r.status }
end
add_one(r.seq + 1, 'status', event)
-- stylua: ignore
redis.call('HSET', JOB, 'status', 'queued', 'seq', whole(r.seq + 1), 'reason', 'resume',
  'answer', values, 'answer_digest', digest, 'answered_after', after)
keep_open(open_ttl_ms)
if thread.record then
  lead_line()
end
return { 'ok', 'stored' }
