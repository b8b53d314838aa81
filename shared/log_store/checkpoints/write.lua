-- Stores what a task wrote on top of a checkpoint, which itself may come later. Repeatable.
-- keys: CHECKPOINTS
-- args: ttl_ms parts...
-- uses: log_store/checkpoints/checkpoints
-- parts: of the writes, as `read_writes` has them.
-- Returns {'ok'}.
store_writes(read_writes(parts))
save()
redis.call('PEXPIRE', CHECKPOINTS, ttl_ms)
return { 'ok' }
