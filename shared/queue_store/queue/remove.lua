-- Takes a job out of the queue, whoever holds it: its log is closed, so nobody can write it.
-- keys: QUEUE ATTEMPTS OWNERS TOKENS AGAIN CANCELLED PAYLOAD PROGRESS
-- args: id
-- uses: queue_store/queue/leaving
-- flags: allow-oom
-- Returns {'ok'}.
remove(id)
return { 'ok' }
