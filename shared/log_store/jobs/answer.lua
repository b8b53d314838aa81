-- Resumes a waiting job where it stopped: the answer is stored and the job queued in one call. The
-- first wins. The last answer and its stop stay in the record while the job waits at the next one.
-- KEYS  a job's
-- ARGV  1 digest of the answer  2 answer (JSON, {} at a breakpoint)  3 data of the status event  4 open_ttl_ms
--       5 number of the `waiting` event that is answered
-- Returns {'ok', 'stored'}, {'ok', 'same'} for the same answer to the same stop again, even where
-- the job waits for the next thing by now, or {'missing'}, {'conflict', status} where the job does
-- not wait for this.
local r = record()
if not r then
  return { 'missing' }
elseif r.answered_after == ARGV[5] and r.answer_digest == ARGV[1] then
  return { 'ok', 'same' }
elseif r.status ~= 'waiting' or r.seq ~= tonumber(ARGV[5]) then
  return { 'conflict', r.status }
end
add(r.seq + 1, 'status', ARGV[3])
redis.call('HSET', JOB, 'status', 'queued', 'seq', whole(r.seq + 1), 'reason', 'resume',
  'answer', ARGV[2], 'answer_digest', ARGV[1], 'answered_after', ARGV[5])
keep_open(ARGV[4])
return { 'ok', 'stored' }
