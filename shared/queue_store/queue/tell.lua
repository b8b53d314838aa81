-- Tells a worker to stop a job. A worker that does not hear it finds out at the next renewal.
-- keys: INBOX
-- args: job_id lives_s
-- flags: allow-oom
-- Returns {'ok'}.
redis.call('RPUSH', INBOX, job_id)
redis.call('EXPIRE', INBOX, lives_s)
return { 'ok' }
