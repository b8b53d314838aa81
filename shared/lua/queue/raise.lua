-- Raises the attempt of a held job above the log's, after its log refused a lower one.
-- ARGV  1 id  2 owner  3 attempt  4 attempt of the log
-- Returns {'ok', new attempt}, or {'ok', '0'} where this owner does not hold the job (any more).
if not holds(ARGV[1], ARGV[2], ARGV[3]) then
  return { 'ok', '0' }
end
local attempt = whole(math.max(tonumber(ARGV[3]), tonumber(ARGV[4])) + 1)
redis.call('HSET', lease_key(ARGV[1]), 'attempt', attempt)
return { 'ok', attempt }
