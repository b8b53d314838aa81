-- Stores a part of a value that is too large for one call, under the holder's fence, ahead of the
-- journal's entry that counts the parts. Repeatable.
-- KEYS  a job's
-- ARGV  1 attempt  2 token  3 open_ttl_ms  4 field  5 data
-- Returns {'ok'}, or {'missing'}, {'closed', seq}, {'fenced', attempt}, {'hole', seq}, {'taken', seq}.
local answer = refusal(tonumber(ARGV[1]), ARGV[2])
if answer then
  return answer
end
redis.call('HSET', CHECKPOINTS, ARGV[4], ARGV[5])
redis.call('PEXPIRE', CHECKPOINTS, ARGV[3])
return { 'ok' }
