-- Ends an attempt without ending the job, under the holder's fence: back to the queue, or waiting
-- to be resumed. After it nothing more is accepted under the attempt's number. The store gives the
-- number, so that a worker's watchdog can do this too, which does not know what was sent last.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: attempt token open_ttl_ms status event reason failures sent interrupts pause yields
-- uses: log_store/log
-- flags: allow-oom
-- event: data of the `status` event. reason: '' where it waits. failures: how many to add.
-- sent: the highest number that this writer ever sent (0: it can't tell).
-- interrupts, pause: JSON where it waits, else ''.
-- yields: '1' for a job that nobody can run now: it gives up its thread's turn, too.
-- Returns {'ok', seq, id of the job to be queued now or ''}, or {'missing'}, {'closed', seq}, {'fenced', attempt}, or
-- {'cancelling', seq} for a job that has to be closed instead, or {'hole', seq} where the store has
-- forgotten some of what was sent.
local r, reply = record()
if not r then
  return reply
end
local number = tonumber(attempt)
local mine = r.token == token and r.attempt == number
-- A repeat may come when the stop that it stored has been resumed.
local answered = status == 'waiting' and r.status == 'queued' and r.reason == 'resume'
if mine and (r.status == status or answered) then
  return { 'ok', whole(r.seq), '' }
elseif FINAL[r.status] then
  return { 'closed', whole(r.seq) }
elseif number > r.attempt or (mine and r.seq < tonumber(sent)) then
  return { 'hole', whole(r.seq) }
elseif not mine or r.status ~= 'running' then
  return { 'fenced', whole(r.attempt) }
elseif r.cancel then
  return { 'cancelling', whole(r.seq) }
end
add_one(r.seq + 1, 'status', event)
redis.call('HSET', JOB, 'status', status, 'seq', whole(r.seq + 1))
redis.call('HINCRBY', JOB, 'failures', failures)
if reason ~= '' then
  redis.call('HSET', JOB, 'reason', reason)
end
if status == 'waiting' then
  redis.call('HSET', JOB, 'interrupts', interrupts, 'pause', pause)
end
keep_open(open_ttl_ms)
local next_job = ''
if thread.record and status == 'waiting' then
  wait_to_be_resumed()
  next_job = leave_thread('interrupted')
elseif thread.record and yields == '1' then
  redis.call('HDEL', JOB, 'began_at', 'position')
  next_job = leave_thread('busy')
end
return { 'ok', whole(r.seq + 1), next_job }
