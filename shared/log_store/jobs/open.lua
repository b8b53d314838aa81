-- Opens an attempt: raises the fence and appends `status` running. The first act of a worker,
-- before any of the graph's code. Repeatable by its token.
-- A predecessor that gave nothing back counts as a failure; at the cap the job is closed instead,
-- so that a job which kills its workers ends.
-- KEYS  a job's
-- ARGV  1 attempt  2 token  3 open_ttl_ms  4 at  5 id  6 data of `end` for a job at its cap
--       7 its error (JSON)  8 retention_ms  9 events_ttl_ms
--       10 floor: the highest number that this writer ever sent, where the store has forgotten
--       some (else 0)  11 data of `end` for a cancelled job
-- Returns {'ok', seq, record as field, value, ...}, or {'missing'}, {'closed', seq},
-- {'fenced', attempt of the record}.
local r = record()
local attempt, floor = tonumber(ARGV[1]), tonumber(ARGV[10])
if not r then
  return { 'missing' }
elseif FINAL[r.status] or r.status == 'waiting' then
  return { 'closed', whole(r.seq) }
end
if r.cancel then
  close_over(r, ARGV[5], 'cancelled', ARGV[4], ARGV[11], ARGV[8], ARGV[9])
  return { 'closed', whole(r.seq + 1) }
end
local repeated = r.token == ARGV[2] and r.attempt == attempt and r.seq > floor
if not repeated then
  local forgotten = floor > 0
  if attempt < r.attempt or (attempt == r.attempt and not (forgotten and r.token == ARGV[2])) then
    return { 'fenced', whole(r.attempt) }
  end
  local reason = r.reason
  if forgotten then
    reason = 'store_lost'
  elseif r.status == 'running' then
    reason = 'worker_lost'
    r.failures = r.failures + 1
  end
  if r.failures >= tonumber(r.max_attempts) then
    redis.call('HSET', JOB, 'failures', whole(r.failures), 'error', ARGV[7])
    close_over(r, ARGV[5], 'failed', ARGV[4], ARGV[6], ARGV[8], ARGV[9])
    return { 'closed', whole(r.seq + 1) }
  end
  local seq = math.max(r.seq, floor) + 1
  local data = '{"status":"running","attempt":' .. whole(attempt) .. ',"at":"' .. ARGV[4] .. '"'
  if reason then
    -- A task's write may come before its checkpoint: only a head is something to go on from.
    local resumed = redis.call('HEXISTS', CHECKPOINTS, 'head:') == 1
    data = data .. ',"reason":"' .. reason .. '","resumed":' .. tostring(resumed)
  end
  add(seq, 'status', data .. '}')
  redis.call('HSETNX', JOB, 'started_at', ARGV[4])
  redis.call('HSET', JOB, 'status', 'running', 'attempt', whole(attempt), 'token', ARGV[2],
    'seq', whole(seq), 'failures', whole(r.failures), 'batch', '0')
  redis.call('HDEL', JOB, 'reason')
  keep_open(ARGV[3])
end
local answer = { 'ok' }
for _, part in ipairs(redis.call('HGETALL', JOB)) do
  answer[#answer + 1] = part
end
return answer
