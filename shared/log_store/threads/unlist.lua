-- Takes names out of the index that are no longer the thread's. Repeatable.
-- keys: CHECKPOINTS THREAD...
-- args: stale...
-- uses: log_store/threads/record
-- Returns {'ok'}.
local some = {}
for i = stale, #ARGV do
  some[#some + 1] = ARGV[i]
end
unlist(some, names())
return { 'ok' }
