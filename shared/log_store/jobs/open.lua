-- Opens an attempt: raises the fence and appends `status` running. The first act of a worker,
-- before any of the graph's code. Repeatable by its token.
-- A predecessor that gave nothing back counts as a failure; at the cap the job is closed instead,
-- so that a job which kills its workers ends.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: attempt token open_ttl_ms at id floor
-- args: given_up given_up_end cancelled_end superseded_end retention_ms events_ttl_ms
-- uses: log_store/log log_store/threads/rollback
-- floor: the highest number that this writer ever sent, if the store has forgotten some, or 0.
-- given_up: the error (JSON) of a job at its cap. given_up_end, cancelled_end, superseded_end: data of
-- `end`.
-- Returns {'ok', seq, record as field, value, ...}, or {'missing'}, {'closed', seq},
-- {'fenced', attempt of the record}. Of a job on a thread also {'turn', id} of the job that it has to
-- wait for, or {'keys', thread, id}: the call lacks the thread's keys, or those of the job of that id.

-- Takes the turn, and notes where the job began. A job that waits to be resumed is ended: this one
-- takes over its state. Returns a reply that ends the script, or nil.
local function on_thread(r)
  local before, waiting = before_me(), of_thread('waiting')
  local supersedes = waiting and waiting ~= id
  if before then
    wait_in_line()
    return { 'turn', before }
  elseif supersedes and (not KEYS[superseded] or id_of(KEYS[superseded]) ~= waiting) then
    return { 'keys', r.thread, waiting }
  end
  take_turn()
  if supersedes then
    as_superseded(function()
      local other = record()
      if other and other.status == 'waiting' then
        close_over(other, waiting, 'cancelled', at, superseded_end, retention_ms, events_ttl_ms)
      end
    end)
    redis.call('HDEL', thread.record, 'waiting')
  end
  if not r.began_at then
    r.began_at, r.position = get('head:') or '', position()
    redis.call('HSET', JOB, 'began_at', r.began_at, 'position', r.position)
  end
end

local r, reply = record()
local number, sent = tonumber(attempt), tonumber(floor)
if not r then
  return reply
elseif FINAL[r.status] or r.status == 'waiting' then
  return { 'closed', whole(r.seq) }
end
if r.cancel then
  roll_back('cancelled')
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
  if thread.record then
    reply = on_thread(r)
    if reply then
      return reply
    end
  end
  local seq = math.max(r.seq, sent) + 1
  local data = '{"status":"running","attempt":' .. whole(number) .. ',"at":"' .. at .. '"'
  if reason then
    -- A task's write may come before its checkpoint: only a head is something to resume from, and on
    -- a thread only one that this job has put there.
    local resumed = (redis.call('HGET', CHECKPOINTS, 'head:') or '') ~= (r.began_at or '')
    data = data .. ',"reason":"' .. reason .. '","resumed":' .. tostring(resumed)
  end
  add(seq, 'status', data .. '}')
  redis.call('HSETNX', JOB, 'started_at', at)
  -- stylua: ignore
  redis.call('HSET', JOB, 'status', 'running', 'attempt', whole(number), 'token', token,
    'seq', whole(seq), 'failures', whole(r.failures), 'batch', '0')
  redis.call('HDEL', JOB, 'reason')
  index(seq, seq, seq - r.seq - 1)
  keep_open(open_ttl_ms)
end
reply = { 'ok' }
for _, part in ipairs(redis.call('HGETALL', JOB)) do
  reply[#reply + 1] = part
end
return reply
