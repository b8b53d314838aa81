-- Deletes a job that is over from its thread: record, log, blobs, and the checkpoints that it made, but
-- for those that others are rebuilt from.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: id
-- uses: log_store/log log_store/checkpoints/checkpoints
-- flags: allow-oom
-- Returns {'ok'}, or {'missing'}, {'busy'} while a job of the thread has its turn or waits for it.
local r, reply = record()
if not r then
  return reply
elseif not FINAL[r.status] or of_thread('running') or head_of_line() then
  return { 'busy' }
end
local head = get('head:')
keep_chosen('', head, function(made)
  local snap = get('snap:\1' .. made)
  local metadata = snap and cjson.decode(snap).metadata
  return not metadata or metadata.run_id ~= id
end)
save()
redis.call('ZREM', thread.jobs, id)
redis.call('UNLINK', JOB, LOG, BLOBS)
return { 'ok' }
