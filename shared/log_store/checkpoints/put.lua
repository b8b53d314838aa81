-- Stores a checkpoint with the channels that have changed, and drops what resuming no longer needs.
-- Repeatable.
-- keys: CHECKPOINTS
-- args: ttl_ms parts...
-- uses: log_store/checkpoints/checkpoints
-- parts: of the checkpoint, as `read_checkpoint` has them.
-- Returns {'ok'}, or {'lacking', '0'} where the value of an unchanged channel is gone: then nothing
-- was written, and the call wants all values.
local new = read_checkpoint(parts)
if not has_values(new, {}) then
  return { 'lacking', '0' }
end
store_checkpoint(new)
cut(new)
save()
redis.call('PEXPIRE', CHECKPOINTS, ttl_ms)
return { 'ok' }
