-- Stores what a task wrote on top of a checkpoint, which itself may come later. Repeatable.
-- KEYS  as in the prelude
-- ARGV  1 ttl_ms  2.. writes as in the prelude
-- Returns {'ok'}.
store_writes(read_writes(2))
redis.call('PEXPIRE', ALL, ARGV[1])
return { 'ok' }
