-- Takes a job out of the queue, whoever holds it: its log is closed, so nobody can write it.
-- ARGV  1 id
-- Returns {'ok'}.
remove(ARGV[1])
return { 'ok' }
