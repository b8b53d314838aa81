-- Creates a job: its record and event 1, `status` queued. Repeatable: the id is the caller's.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: id open_ttl_ms tenant request created_at event max_attempts
-- args: thread_name thread_ttl_ms thread_metadata thread_terms strategy must_exist most_in_line joins
-- uses: log_store/log
-- request: JSON. event: data of event 1.
-- The rest is '' for a job without a thread. thread_ttl_ms, thread_metadata (JSON), thread_terms (of
-- the metadata): of a new thread.
-- strategy: what becomes of the thread's other jobs (see shared/threads.py). must_exist: '1' if the thread is
-- not made here. most_in_line: jobs that may wait. joins: '' for a job that is to run later: it joins the
-- line when it is due.
-- Returns {'ok', 'turn'} for a job that has to be queued now, {'ok', 'line'} for one that waits for its
-- turn, or {'no-thread'}, {'busy'} if strategy is reject, {'full'}.

local function admitted()
  local is_there = redis.call('EXISTS', thread.record) == 1
  if must_exist == '1' and not is_there then
    return { 'no-thread' }
  elseif not is_there then
    make_thread(thread_metadata, thread_terms, thread_ttl_ms)
  end
  local waiting = redis.call('ZCARD', thread.line)
  if strategy == 'reject' and (of_thread('running') or waiting > 0) then
    return { 'busy' }
  elseif waiting >= tonumber(most_in_line) then
    return { 'full' }
  end
end

if redis.call('EXISTS', JOB) == 0 then
  local refused = thread.record and admitted()
  if refused then
    return refused
  end
  -- stylua: ignore
  redis.call('HSET', JOB, 'format', FORMAT, 'tenant', tenant, 'request', request,
    'created_at', created_at, 'status', 'queued', 'attempt', '0', 'token', '', 'seq', '1',
    'failures', '0', 'max_attempts', max_attempts)
  add_one(1, 'status', event)
  redis.call('ZADD', OPEN, whole(now_ms()), id)
  if thread.record then
    local order = whole(redis.call('HINCRBY', thread.record, 'order', 1))
    redis.call('HSET', JOB, 'thread', thread_name, 'order', order)
    redis.call('ZADD', thread.jobs, order, id)
    if strategy == 'interrupt' or strategy == 'rollback' then
      redis.call('HSET', thread.record, 'cut', order)
    end
    if strategy == 'rollback' then
      redis.call('HSET', thread.record, 'rollback_cut', order)
    end
    if joins == '1' then
      join_line(order)
      if not of_thread('running') and head_of_line() == id then
        redis.call('ZADD', thread.heads, whole(now_ms()), id)
      end
    end
  end
  keep_open(open_ttl_ms)
end
if thread.record and redis.call('ZSCORE', thread.line, id) and not redis.call('ZSCORE', thread.heads, id) then
  return { 'ok', 'line' }
end
return { 'ok', 'turn' }
