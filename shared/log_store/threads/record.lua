-- How a thread is kept: its record, how long it lives, and the index by which it is found.
-- keys: CHECKPOINTS THREAD...
--
-- THREAD: the keys of the thread, in the order of `thread_keys` below. CHECKPOINTS is the thread's.
--
-- record       a hash: format (see keys.py), created_at and updated_at (ms), metadata (JSON), ttl_ms, status,
--              terms (of the metadata, see terms.py), seq (of the thread's log).
--              Of its jobs: running (the one that has the turn), waiting (the one that waits to be resumed),
--              order (the last that a job was given), cut and rollback_cut (jobs of a lower order are to be
--              cancelled, or rolled back).
-- line         a sorted set: the jobs that wait for their turn, in their order
-- jobs         a sorted set: all its jobs, in their order
-- log          a stream: the index of the thread's log, an entry for each run of events that one of its jobs
--              wrote with no other job between. Its id is the number of its last event; it has job, first and
--              last (numbers in the job's log).
-- heads        a sorted set of the shard: jobs that were first in their line when the turn came free, by the
--              time of that, until they take it
-- found        a sorted set of the tenant's threads in this shard, by name alone. A thread has a name in it
--              for each order ('c': when it was made, 'u': when it changed last) and each of its terms:
--              order, term (10 bytes), time (ms, 6 bytes), id (16 bytes). So the threads that have a term
--              lie in a row, in their order.
-- due          a sorted set of the shard: threads, by the time when they may have to be deleted

local LATE_MS = 86400000 -- A thread whose time is up stays in the store so much longer: workers delete it.
local TERM = 10

local thread = {}
local thread_keys = { 'record', 'line', 'jobs', 'log', 'heads', 'found', 'due' }
if KEYS[THREAD] then
  for n, name in ipairs(thread_keys) do
    thread[name] = KEYS[THREAD + n - 1]
  end
end

local function id_of(key)
  return string.match(key, '[^:]+$')
end

local function of_thread(field)
  local value = redis.call('HGET', thread.record, field)
  return value and value ~= '' and value or nil
end

-- Keeps everything of the thread for its TTL, or for that of an open job if that is longer.
local function keep_thread(open_ttl_ms)
  local ttl_ms = math.max(tonumber(of_thread('ttl_ms') or 0), tonumber(open_ttl_ms)) + LATE_MS
  for _, key in ipairs({ thread.record, thread.line, thread.jobs, thread.log, CHECKPOINTS }) do
    redis.call('PEXPIRE', key, whole(ttl_ms))
  end
end

-- The thread's names in `found`, as its record is now.
local function names()
  local r = redis.call('HMGET', thread.record, 'status', 'terms', 'created_at', 'updated_at')
  if not r[1] then
    return {}
  end
  local hex = string.gsub(id_of(thread.record), '-', '')
  local id = string.gsub(hex, '%x%x', function(two)
    return string.char(tonumber(two, 16))
  end)
  local status = '#' .. string.sub(r[1] .. '.........', 1, TERM - 1)
  local terms = '*.........' .. status .. (r[2] or '')
  local list = {}
  for order, time in pairs({ c = r[3], u = r[4] }) do
    local at = struct.pack('>I6', tonumber(time)) .. id
    for i = 1, #terms, TERM do
      list[#list + 1] = order .. string.sub(terms, i, i + TERM - 1) .. at
    end
  end
  return list
end

-- Those of the names that are not among the others.
local function without(some, others)
  local known, list = {}, {}
  for _, name in ipairs(others) do
    known[name] = true
  end
  for _, name in ipairs(some) do
    if not known[name] then
      list[#list + 1] = name
    end
  end
  return list
end

-- Takes those of the names that are not among the others out of `found`.
local function unlist(some, others)
  local gone = without(some, others)
  if #gone > 0 then
    redis.call('ZREM', thread.found, unpack(gone))
  end
end

-- Sets fields of the record (field, value, ...), and keeps the index in step.
local function set_thread(...)
  local before = names()
  redis.call('HSET', thread.record, ...)
  local after = names()
  unlist(before, after)
  local new = {}
  for _, name in ipairs(without(after, before)) do
    new[#new + 1] = 0
    new[#new + 1] = name
  end
  if #new > 0 then
    redis.call('ZADD', thread.found, unpack(new))
  end
end

local function set_status(status)
  set_thread('status', status, 'updated_at', whole(now_ms()))
end

-- From now on, workers look whether the thread's time is up.
local function set_due(ttl_ms)
  local name = string.match(thread.record, ':thread:(.+)$')
  redis.call('ZADD', thread.due, whole(now_ms() + tonumber(ttl_ms)), name)
end

local function make_thread(metadata, terms, ttl_ms)
  local now = whole(now_ms())
  -- stylua: ignore
  set_thread('format', FORMAT, 'created_at', now, 'updated_at', now, 'metadata', metadata,
    'terms', terms, 'ttl_ms', ttl_ms, 'status', 'idle', 'order', '0', 'seq', '0')
  redis.call('PEXPIRE', thread.record, whole(tonumber(ttl_ms) + LATE_MS))
  set_due(ttl_ms)
end
