-- Stores a checkpoint with the channels that have changed, and drops what going on no longer needs.
-- Repeatable.
-- KEYS  as in the prelude
-- ARGV  1 ttl_ms  2.. a checkpoint as in the prelude
-- Returns {'ok'}, or {'lacking', '0'} where the value of an unchanged channel is gone: then nothing
-- was written, and the call wants all values.
local new = read_checkpoint(2)
if not has_values(new, {}) then
  return { 'lacking', '0' }
end
store_checkpoint(new)
redis.call('PEXPIRE', ALL, ARGV[1])
return { 'ok' }
