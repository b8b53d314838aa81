-- Wakes a reader that blocks at the ends of logs, or is about to.
-- keys: WAKEUPS
-- args: number ttl_ms
-- flags: allow-oom
-- Returns {'ok'}.

-- Neither the disk nor a replica has to know, and nobody waits for them.
redis.set_repl(redis.REPL_NONE)
redis.call('XADD', WAKEUPS, 'MAXLEN', 1, number .. '-*', 'w', '')
redis.call('PEXPIRE', WAKEUPS, ttl_ms)
return { 'ok' }
