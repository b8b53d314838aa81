-- Changes a thread's metadata, or how long it lives, if the metadata is still as it was read.
-- keys: CHECKPOINTS THREAD...
-- args: was metadata terms ttl_ms
-- uses: log_store/threads/record
-- was: the metadata that was read, as it is stored. metadata: JSON. terms: its terms.
-- ttl_ms: '' where it stays.
-- Returns {'ok', '1' if it was done or '0' if the metadata is another one}, or {'no-thread'}.
if redis.call('EXISTS', thread.record) == 0 then
  return { 'no-thread' }
elseif redis.call('HGET', thread.record, 'metadata') ~= was then
  return { 'ok', '0' }
end
set_thread('metadata', metadata, 'terms', terms, 'updated_at', whole(now_ms()))
if ttl_ms ~= '' then
  redis.call('HSET', thread.record, 'ttl_ms', ttl_ms)
  set_due(ttl_ms)
end
keep_thread(0)
return { 'ok', '1' }
