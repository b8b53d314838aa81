-- The holder gives the job back, for another attempt after a delay. Repeatable.
-- ARGV  1 id  2 owner  3 attempt  4 delay_ms  5 attempt of the log, where it refused this one
--       6 ttl_ms
-- Returns {'ok', 'released' | 'lost'}.
if not holds(ARGV[1], ARGV[2], ARGV[3]) then
  return { 'ok', 'lost' }
end
if redis.call('ZSCORE', ABORT, ARGV[1]) then
  -- Cancelled behind its log's `queued`, and so closed: nobody shall run it.
  remove(ARGV[1])
else
  count_above(ARGV[1], ARGV[5], ARGV[6])
  put_back(ARGV[1], tonumber(ARGV[4]))
end
return { 'ok', 'released' }
