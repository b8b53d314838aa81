-- A job on its thread: whose turn it is, and the index of the thread's log. Every function does nothing
-- for a job without a thread.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- uses: log_store/threads/record
-- without: log_store/threads/none
--
-- THREAD: after the thread's keys, JOB, LOG and BLOBS of the job that waits to be resumed, where the script
-- may end it.

local superseded = THREAD + #thread_keys

-- The job in its thread's sets. A job without a thread is never named there.
local me = id_of(JOB)

local RUNS = 10000 -- Events of more runs ago are a gap to whoever reads the thread's log.

-- The job's log has got the events first..last. What a job wrote with no other job between is one entry.
-- lost: how many before them the store has forgotten; their numbers on the thread are not given again.
local function index(first, last, lost)
  if not thread.record or last < first then
    return
  end
  local seq = whole(redis.call('HINCRBY', thread.record, 'seq', last - first + 1 + (lost or 0)))
  local newest = redis.call('XREVRANGE', thread.log, '+', '-', 'COUNT', 1)[1]
  if newest and newest[2][2] == me and tonumber(newest[2][6]) == first - 1 then
    first = tonumber(newest[2][4])
    redis.call('XDEL', thread.log, newest[1])
  end
  -- stylua: ignore
  redis.call('XADD', thread.log, 'MAXLEN', '~', RUNS, seq .. '-0', 'j', me, 'f', whole(first), 'l', whole(last))
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
  -- luacheck: globals JOB LOG BLOBS
  local job, log, blobs, id = JOB, LOG, BLOBS, me
  JOB, LOG, BLOBS = KEYS[superseded], KEYS[superseded + 1], KEYS[superseded + 2]
  me = id_of(JOB)
  act()
  JOB, LOG, BLOBS, me = job, log, blobs, id
end
