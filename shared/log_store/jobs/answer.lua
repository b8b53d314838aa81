-- Resumes a waiting job where it stopped: the values are stored and the job queued in one call. The
-- first wins. The last values and their stop stay in the record while the job waits at the next one.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS
-- args: digest answer event open_ttl_ms after
-- uses: log_store/log
-- digest: of the values. answer: JSON, {} at a breakpoint. event: data of the `status` event.
-- after: number of the `waiting` event that is resumed.
-- Returns {'ok', 'stored'}, {'ok', 'same'} for the same values for the same stop again, even where
-- the job waits for the next thing by now, or {'missing'}, {'conflict', status} where the job does
-- not wait for this.
local r = record()
if not r then
  return { 'missing' }
elseif r.answered_after == after and r.answer_digest == digest then
  return { 'ok', 'same' }
elseif r.status ~= 'waiting' or r.seq ~= tonumber(after) then
  return { 'conflict', r.status }
end
add(r.seq + 1, 'status', event)
-- stylua: ignore
redis.call('HSET', JOB, 'status', 'queued', 'seq', whole(r.seq + 1), 'reason', 'resume',
  'answer', answer, 'answer_digest', digest, 'answered_after', after)
keep_open(open_ttl_ms)
return { 'ok', 'stored' }
