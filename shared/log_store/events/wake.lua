-- Wakes a reader that blocks at the ends of logs, or is about to.
-- KEYS  1 the reader's stream of wake-ups
-- ARGV  1 the number of this wake-up  2 ttl_ms
-- Returns {'ok'}.

-- Neither the disk nor a replica has to know, and nobody waits for them.
redis.set_repl(redis.REPL_NONE)
redis.call('XADD', KEYS[1], 'MAXLEN', 1, ARGV[1] .. '-*', 'w', '')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { 'ok' }
