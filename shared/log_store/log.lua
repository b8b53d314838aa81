-- How a job's keys are kept: its record, its log, and how long they live.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- uses: log_store/threads/thread
--
-- A record's fields: format (see keys.py), tenant, request, status, attempt (the fence), token (the
-- holder's), seq, failures, max_attempts, reason (why it was last queued again). Also cancel (when
-- that was asked for, ms), interrupts, pause, `answer`, answer_digest, answered_after, batch (of
-- the journal, within its attempt), created_at, started_at, ended_at, result, error. Of a job on a
-- thread: thread (its name), order (its place among the thread's jobs), began_at (the newest
-- checkpoint when it took its turn, '' for none), position (see `rewind`), rollback and rolled_back.

local FINAL = { succeeded = true, failed = true, cancelled = true }
local CHECKPOINTS_LIVE_MS = 3600000

-- The fields of the record by name, or nil and a reply that ends the script: there is no record, or
-- the call lacks the keys of the job's thread.
local function record()
  local flat = redis.call('HGETALL', JOB)
  if #flat == 0 then
    return nil, { 'missing' }
  end
  local r = {}
  for i = 1, #flat, 2 do
    r[flat[i]] = flat[i + 1]
  end
  if r.thread and not thread.record then
    return nil, { 'keys', r.thread, '' }
  elseif r.thread and redis.call('EXISTS', thread.record) == 0 then
    return nil, { 'missing' }
  end
  r.attempt, r.seq, r.failures = tonumber(r.attempt), tonumber(r.seq), tonumber(r.failures)
  r.cancel = r.cancel or is_cut(r.order, 'cut')
  return r
end

local function add(seq, name, data)
  redis.call('XADD', LOG, whole(seq) .. '-0', 'e', name, 'd', data)
end

-- One event that is a write by itself: the thread's log has it, too.
local function add_one(seq, name, data)
  add(seq, name, data)
  index(seq, seq)
end

-- State that was just written lives as long as its thread, or as the open job.
local function keep_state(open_ttl_ms)
  redis.call('PEXPIRE', CHECKPOINTS, thread.record and redis.call('PTTL', thread.record) or open_ttl_ms)
end

-- A write to an open job renews the TTL of its keys, unless that happened within the last 0.1 % of
-- it: three calls for every token of a model would be most of an append.
local function keep_open(open_ttl_ms)
  if redis.call('PTTL', LOG) > open_ttl_ms * 0.999 then
    return
  end
  redis.call('PEXPIRE', JOB, open_ttl_ms)
  redis.call('PEXPIRE', LOG, open_ttl_ms)
  redis.call('PEXPIRE', BLOBS, open_ttl_ms)
  if thread.record then
    keep_thread(open_ttl_ms)
  else
    redis.call('PEXPIRE', CHECKPOINTS, open_ttl_ms)
  end
end

local STATUS_OF_THREAD = { succeeded = 'idle', cancelled = 'idle', failed = 'error', waiting = 'interrupted' }

-- The last write: status, `end` and the shorter lives, all in the caller's one call. Returns the id of
-- the job that has to be queued now, since it is the next on the thread, or ''.
local function close(id, seq, status, at, data, retention_ms, events_ttl_ms)
  add_one(seq, 'end', data)
  redis.call('HSET', JOB, 'status', status, 'seq', whole(seq), 'ended_at', at)
  redis.call('ZREM', OPEN, id)
  redis.call('PEXPIRE', JOB, retention_ms)
  redis.call('PEXPIRE', LOG, events_ttl_ms)
  redis.call('PEXPIRE', BLOBS, events_ttl_ms)
  if thread.record then
    keep_thread(0)
  else
    redis.call('PEXPIRE', CHECKPOINTS, CHECKPOINTS_LIVE_MS)
  end
  return leave_thread(STATUS_OF_THREAD[status])
end

-- The same by somebody who is not the holder: the fence goes up, so the holder writes no more, and
-- the store gives the number.
local function close_over(r, id, status, at, data, retention_ms, events_ttl_ms)
  redis.call('HSET', JOB, 'attempt', whole(r.attempt + 1), 'token', '')
  return close(id, r.seq + 1, status, at, data, retention_ms, events_ttl_ms)
end
