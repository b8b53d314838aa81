-- Opens an attempt: raises the fence and appends `status` running. The first act of a worker,
-- before any of the graph's code. Repeatable by its token.
-- A predecessor that gave nothing back counts as a failure; at the cap the job is closed instead,
-- so that a job which kills its workers ends.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS
-- args: attempt token open_ttl_ms at id floor
-- args: given_up given_up_end cancelled_end retention_ms events_ttl_ms
-- uses: log_store/log
-- floor: the highest number that this writer ever sent, if the store has forgotten some, or 0.
-- given_up: the error (JSON) of a job at its cap. given_up_end, cancelled_end: data of `end`.
-- Returns {'ok', seq, record as field, value, ...}, or {'missing'}, {'closed', seq},
-- {'fenced', attempt of the record}.
local r = record()
local number, sent = tonumber(attempt), tonumber(floor)
if not r then
  return { 'missing' }
elseif FINAL[r.status] or r.status == 'waiting' then
  return { 'closed', whole(r.seq) }
end
if r.cancel then
  close_over(r, id, 'cancelled', at, cancelled_end, retention_ms, events_ttl_ms)
  return { 'closed', whole(r.seq + 1) }
end
local repeated = r.token == token and r.attempt == number and r.seq > sent
if not repeated then
  local forgotten = sent > 0
  if number < r.attempt or (number == r.attempt and not (forgotten and r.token == token)) then
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
    redis.call('HSET', JOB, 'failures', whole(r.failures), 'error', given_up)
    close_over(r, id, 'failed', at, given_up_end, retention_ms, events_ttl_ms)
    return { 'closed', whole(r.seq + 1) }
  end
  local seq = math.max(r.seq, sent) + 1
  local data = '{"status":"running","attempt":' .. whole(number) .. ',"at":"' .. at .. '"'
  if reason then
    -- A task's write may come before its checkpoint: only a head is something to resume from.
    local resumed = redis.call('HEXISTS', CHECKPOINTS, 'head:') == 1
    data = data .. ',"reason":"' .. reason .. '","resumed":' .. tostring(resumed)
  end
  add(seq, 'status', data .. '}')
  redis.call('HSETNX', JOB, 'started_at', at)
  -- stylua: ignore
  redis.call('HSET', JOB, 'status', 'running', 'attempt', whole(number), 'token', token,
    'seq', whole(seq), 'failures', whole(r.failures), 'batch', '0')
  redis.call('HDEL', JOB, 'reason')
  keep_open(open_ttl_ms)
end
local reply = { 'ok' }
for _, part in ipairs(redis.call('HGETALL', JOB)) do
  reply[#reply + 1] = part
end
return reply
