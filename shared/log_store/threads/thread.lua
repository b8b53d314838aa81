-- How a job's thread is kept. Every function does nothing for a job without one.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
--
-- THREAD: the keys of the job's thread, in the order of `thread_keys` below, then JOB, LOG and BLOBS of the
-- job that waits to be resumed, where the script may end it. CHECKPOINTS is the thread's.
--
-- record       a hash: format (see keys.py), created_at and updated_at (ms), metadata (JSON), ttl_ms, status,
--              running (the job that has the turn), waiting (the job that waits to be resumed), order (the
--              last that a job was given), cut and rollback_cut (jobs of a lower order are to be cancelled,
--              or rolled back), seq (of the thread's log)
-- line         a sorted set: the jobs that wait for their turn, in their order
-- jobs         a sorted set: all its jobs, in their order
-- log          a stream: the index of the thread's log, an entry for each write to the log of one of its
--              jobs. An entry's id is the number of its last event; it has job, first and last (numbers in
--              the job's log).
-- heads        a sorted set of the shard: jobs that were first in their line when the turn came free, by the
--              time of that, until they take it
-- created      three kinds of sorted sets of the tenant's threads in this shard, for search: by the time of
-- updated      their creation, by that of their last change, and, of each status, by that of their creation
-- idle ...

local thread = {}
local thread_keys = {
  'record',
  'line',
  'jobs',
  'log',
  'heads',
  'created',
  'updated',
  'idle',
  'busy',
  'interrupted',
  'error',
}
if KEYS[THREAD] then
  for n, name in ipairs(thread_keys) do
    thread[name] = KEYS[THREAD + n - 1]
  end
end
local superseded = THREAD + #thread_keys

local function id_of(key)
  return string.match(key, '[^:]+$')
end

-- The job in its thread's sets. A job without a thread is never named there.
local me = id_of(JOB)

local function of_thread(field)
  local value = redis.call('HGET', thread.record, field)
  return value and value ~= '' and value or nil
end

-- Keeps everything of the thread for its TTL, or for that of an open job if that is longer.
local function keep_thread(open_ttl_ms)
  local ttl_ms = math.max(tonumber(of_thread('ttl_ms') or 0), tonumber(open_ttl_ms))
  for _, key in ipairs({ thread.record, thread.line, thread.jobs, thread.log, CHECKPOINTS }) do
    redis.call('PEXPIRE', key, whole(ttl_ms))
  end
end

local function set_status(status)
  local id, now, before = id_of(thread.record), whole(now_ms()), of_thread('status')
  redis.call('HSET', thread.record, 'status', status, 'updated_at', now)
  redis.call('ZADD', thread.updated, now, id)
  if before ~= status then
    redis.call('ZREM', thread[before or status], id)
    redis.call('ZADD', thread[status], of_thread('created_at'), id)
  end
end

local function make_thread(metadata, ttl_ms)
  local id, now = id_of(thread.record), whole(now_ms())
  -- stylua: ignore
  redis.call('HSET', thread.record, 'format', FORMAT, 'created_at', now, 'metadata', metadata,
    'ttl_ms', ttl_ms, 'order', '0', 'seq', '0')
  redis.call('PEXPIRE', thread.record, ttl_ms)
  redis.call('ZADD', thread.created, now, id)
  set_status('idle')
end

-- The job's log has got the events first..last.
local function index(first, last)
  if not thread.record or last < first then
    return
  end
  local seq = whole(redis.call('HINCRBY', thread.record, 'seq', last - first + 1))
  redis.call('XADD', thread.log, seq .. '-0', 'j', me, 'f', whole(first), 'l', whole(last))
end

local function head_of_line()
  return redis.call('ZRANGE', thread.line, 0, 0)[1]
end

local function join_line(order)
  redis.call('ZADD', thread.line, 'NX', order, me)
  redis.call('PEXPIRE', thread.line, redis.call('PTTL', thread.record))
  set_status('busy')
end

-- The job that this one has to wait for; nil where it has the turn, or may take it.
local function before_me()
  local running, head = of_thread('running'), head_of_line()
  if running == me then
    return nil
  elseif running then
    return running
  end
  return head ~= me and head or nil
end

-- A job that comes when it is not its turn. One that was to run later joins the line only here.
local function wait_in_line()
  redis.call('ZREM', thread.heads, me)
  if not redis.call('ZSCORE', thread.line, me) then
    join_line(whole(redis.call('HINCRBY', thread.record, 'order', 1)))
  end
end

local function take_turn()
  redis.call('ZREM', thread.line, me)
  redis.call('ZREM', thread.heads, me)
  redis.call('HSET', thread.record, 'running', me)
  set_status('busy')
end

-- The job waits to be resumed: whoever comes meanwhile runs, and ends it.
local function wait_to_be_resumed()
  redis.call('HSET', thread.record, 'waiting', me)
end

-- The resumed job is the next one, ahead of the line.
local function lead_line()
  local first = redis.call('ZRANGE', thread.line, 0, 0, 'WITHSCORES')[2]
  redis.call('HDEL', thread.record, 'waiting')
  join_line(whole((tonumber(first) or 0) - 1))
  if not of_thread('running') then
    redis.call('ZADD', thread.heads, whole(now_ms()), me)
  end
end

-- The job has ended, or waits: it gives up its turn and its place in the line. `status` is the
-- thread's unless other jobs wait. Returns the id of the job that has to be queued now, or ''.
local function leave_thread(status)
  if not thread.record then
    return ''
  end
  local running = of_thread('running')
  if running == me then
    running = nil
    redis.call('HDEL', thread.record, 'running')
  end
  if of_thread('waiting') == me and status ~= 'interrupted' then
    redis.call('HDEL', thread.record, 'waiting')
  end
  redis.call('ZREM', thread.line, me)
  redis.call('ZREM', thread.heads, me)
  local head = not running and head_of_line()
  if head then
    redis.call('ZADD', thread.heads, 'NX', whole(now_ms()), head)
  end
  if running or head then
    set_status('busy')
  elseif of_thread('waiting') then
    set_status('interrupted')
  else
    set_status(status)
  end
  return head or ''
end

-- Was the job told to end by another one of its thread?
local function is_cut(order, field)
  local cut = thread.record and of_thread(field)
  return cut and order and tonumber(order) < tonumber(cut)
end

-- Does a write of this job to its thread's state count? Only of the one that has the turn.
local function has_turn()
  return not thread.record or of_thread('running') == me
end

-- Acts in place of the job whose keys are given last.
local function as_superseded(act)
  local job, log, blobs, id = JOB, LOG, BLOBS, me
  JOB, LOG, BLOBS = KEYS[superseded], KEYS[superseded + 1], KEYS[superseded + 2]
  me = id_of(JOB)
  act()
  JOB, LOG, BLOBS, me = job, log, blobs, id
end
