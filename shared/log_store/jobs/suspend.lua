-- Ends an attempt without ending the job, under the holder's fence: back to the queue, or waiting
-- for an answer. After it nothing more is accepted under the attempt's number. The store gives the
-- number, so that a worker's watchdog can do this too, who does not know what was sent last.
-- KEYS  a job's
-- ARGV  1 attempt  2 token  3 open_ttl_ms  4 status  5 data of the status event
--       6 reason ('' where it waits)  7 failures to add
--       8 highest number that this writer ever sent (0: it can't tell)
--       9 interrupts (JSON) and  10 pause (JSON), only where it waits
-- Returns {'ok', seq}, or {'missing'}, {'closed', seq}, {'fenced', attempt}, or
-- {'cancelling', seq} for a job that shall be closed instead, or {'hole', seq} where the store has
-- forgotten some of what was sent.
local r = record()
if not r then
  return { 'missing' }
end
local mine = r.token == ARGV[2] and r.attempt == tonumber(ARGV[1])
-- A repeat may come when what it stored has been answered.
local answered = ARGV[4] == 'waiting' and r.status == 'queued' and r.reason == 'resume'
if mine and (r.status == ARGV[4] or answered) then
  return { 'ok', whole(r.seq) }
elseif FINAL[r.status] then
  return { 'closed', whole(r.seq) }
elseif tonumber(ARGV[1]) > r.attempt or (mine and r.seq < tonumber(ARGV[8])) then
  return { 'hole', whole(r.seq) }
elseif not mine or r.status ~= 'running' then
  return { 'fenced', whole(r.attempt) }
elseif r.cancel then
  return { 'cancelling', whole(r.seq) }
end
add(r.seq + 1, 'status', ARGV[5])
redis.call('HSET', JOB, 'status', ARGV[4], 'seq', whole(r.seq + 1))
redis.call('HINCRBY', JOB, 'failures', ARGV[7])
if ARGV[6] ~= '' then
  redis.call('HSET', JOB, 'reason', ARGV[6])
end
if ARGV[9] then
  redis.call('HSET', JOB, 'interrupts', ARGV[9], 'pause', ARGV[10])
end
keep_open(ARGV[3])
return { 'ok', whole(r.seq + 1) }
