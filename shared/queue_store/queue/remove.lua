-- Takes a job out of the queue, whoever holds it: its log is closed, so nobody can write it.
-- args: id
-- uses: queue_store/queue/leases
-- flags: allow-oom
-- Returns {'ok'}.
remove(id)
return { 'ok' }
