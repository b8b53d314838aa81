-- Put before every script that writes a log: how a job's keys are kept, and who may write.
--
-- KEYS of a job, always in this order: 1 record  2 log  3 open jobs of the shard  4 checkpoints
-- 5 blobs.
-- A record's fields: tenant, request, status, attempt (the fence), token (the holder's), seq,
-- failures, max_attempts, reason (why it was last queued again), cancel (when that was asked for,
-- ms), interrupts, pause, answer, answer_digest, answered_after, batch (of the journal, within
-- its attempt), created_at, started_at, ended_at, result, error.
-- Redis hands scripts text; numbers are made here.

local JOB, LOG, OPEN, CHECKPOINTS, BLOBS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local FINAL = { succeeded = true, failed = true, cancelled = true }
local CHECKPOINTS_LIVE_MS = 3600000

-- Whole numbers beyond 1e14 would otherwise be written in scientific notation.
local function whole(n)
  return string.format('%d', n)
end

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

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

-- A write to an open job renews the life of its keys, unless that was done within the last
-- thousandth of it: three calls for every token of a model would be most of an append.
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

-- May the holder (attempt, token) write the numbers first..last? Returns an answer that ends the
-- script, or nil for yes. A repeat is recognised before anything else, so that every call may be
-- sent again over a link that lost its reply; what a close left can only be a close's repeat.
local function admit(attempt, token, first, last, closes)
  local r = redis.call('HMGET', JOB, 'status', 'attempt', 'token', 'seq')
  local status, held, holder, seq = r[1], tonumber(r[2]), r[3], tonumber(r[4])
  if not status then
    return { 'missing' }
  elseif holder == token and seq == last and (closes and FINAL[status] or status == 'running' and not closes) then
    return { 'ok', whole(seq) }
  elseif FINAL[status] then
    return { 'closed', whole(seq) }
  elseif attempt < held or (attempt == held and status ~= 'running') then
    return { 'fenced', whole(held) }
  elseif attempt > held or first > seq + 1 then
    return { 'hole', whole(seq) }
  elseif holder ~= token or first <= seq then
    return { 'taken', whole(seq) }
  end
  return nil
end

-- May the holder (attempt, token) write at all? Returns an answer that ends the script, or nil for
-- yes. A record below the attempt has forgotten that it was opened: a hole.
local function refusal(attempt, token)
  local r = redis.call('HMGET', JOB, 'status', 'attempt', 'token', 'seq')
  local status, held = r[1], tonumber(r[2])
  if not status then
    return { 'missing' }
  elseif FINAL[status] then
    return { 'closed', r[4] }
  elseif attempt < held or (attempt == held and status ~= 'running') then
    return { 'fenced', whole(held) }
  elseif attempt > held then
    return { 'hole', r[4] }
  elseif r[3] ~= token then
    return { 'taken', r[4] }
  end
  return nil
end
