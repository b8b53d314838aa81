-- Keeps a thread's newest state, with what it is rebuilt from, and no earlier one.
-- keys: CHECKPOINTS THREAD...
-- uses: log_store/threads/record log_store/checkpoints/checkpoints
-- Returns {'ok', '1' if it was done, or '0' if a job has the turn, which may go back to an earlier state},
-- or {'no-thread'}.
if redis.call('EXISTS', thread.record) == 0 then
  return { 'no-thread' }
elseif of_thread('running') then
  return { 'ok', '0' }
end
for _, ns in ipairs(namespaces()) do
  trim(ns, 1, 0, 0)
end
save()
return { 'ok', '1' }
