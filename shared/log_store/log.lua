-- How a job's keys are kept: its record, its log, and how long they live.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS
--
-- A record's fields: format (see keys.py), tenant, request, status, attempt (the fence), token (the
-- holder's), seq, failures, max_attempts, reason (why it was last queued again). Also cancel (when
-- that was asked for, ms), interrupts, pause, `answer`, answer_digest, answered_after, batch (of
-- the journal, within its attempt), created_at, started_at, ended_at, result, error.

local FINAL = { succeeded = true, failed = true, cancelled = true }
local CHECKPOINTS_LIVE_MS = 3600000

-- The fields of the record by name; nil where there is no record.
local function record()
  local flat = redis.call('HGETALL', JOB)
  if #flat == 0 then
    return nil
  end
  local r = {}
  for i = 1, #flat, 2 do
    r[flat[i]] = flat[i + 1]
  end
  r.attempt, r.seq, r.failures = tonumber(r.attempt), tonumber(r.seq), tonumber(r.failures)
  return r
end

local function add(seq, name, data)
  redis.call('XADD', LOG, whole(seq) .. '-0', 'e', name, 'd', data)
end

-- A write to an open job renews the TTL of its keys, unless that happened within the last 0.1 % of
-- it: three calls for every token of a model would be most of an append.
local function keep_open(open_ttl_ms)
  if redis.call('PTTL', LOG) > open_ttl_ms * 0.999 then
    return
  end
  redis.call('PEXPIRE', JOB, open_ttl_ms)
  redis.call('PEXPIRE', LOG, open_ttl_ms)
  redis.call('PEXPIRE', CHECKPOINTS, open_ttl_ms)
  redis.call('PEXPIRE', BLOBS, open_ttl_ms)
end

-- The last write: status, `end` and the shorter lives, all in the caller's one call.
local function close(id, seq, status, at, data, retention_ms, events_ttl_ms)
  add(seq, 'end', data)
  redis.call('HSET', JOB, 'status', status, 'seq', whole(seq), 'ended_at', at)
  redis.call('ZREM', OPEN, id)
  redis.call('PEXPIRE', JOB, retention_ms)
  redis.call('PEXPIRE', LOG, events_ttl_ms)
  redis.call('PEXPIRE', BLOBS, events_ttl_ms)
  redis.call('PEXPIRE', CHECKPOINTS, CHECKPOINTS_LIVE_MS)
end

-- The same by somebody who is not the holder: the fence goes up, so the holder writes no more, and
-- the store gives the number.
local function close_over(r, id, status, at, data, retention_ms, events_ttl_ms)
  redis.call('HSET', JOB, 'attempt', whole(r.attempt + 1), 'token', '')
  close(id, r.seq + 1, status, at, data, retention_ms, events_ttl_ms)
end
