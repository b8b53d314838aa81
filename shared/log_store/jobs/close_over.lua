-- Closes a job in place of its holder, under a raised fence: the sweep and a worker's watchdog do so
-- with a job that nobody else can close. Repeatable: a closed job stays as it is.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: id status at data failure retention_ms events_ttl_ms of_token within_ms
-- uses: log_store/log log_store/threads/rollback
-- flags: allow-oom
-- data: of `end`. failure: the error as JSON, '' where there is none.
-- of_token: only while this attempt runs ('': whoever has it).
-- within_ms: only if the record would be forgotten by then ('': however long it will live).
-- Returns {'ok', status that the job has now, id of the job to be queued now or ''}, or {'missing'},
-- {'fenced', attempt}, {'keys', thread, ''}.
local r, reply = record()
local within = tonumber(within_ms)
if not r then
  return reply
elseif FINAL[r.status] then
  return { 'ok', r.status, '' }
elseif of_token ~= '' and (r.token ~= of_token or r.status ~= 'running') then
  return { 'fenced', whole(r.attempt) }
elseif within and redis.call('PTTL', JOB) >= within then
  return { 'fenced', whole(r.attempt) }
end
if failure ~= '' then
  redis.call('HSET', JOB, 'error', failure)
end
roll_back(status)
return { 'ok', status, close_over(r, id, status, at, data, retention_ms, events_ttl_ms) }
