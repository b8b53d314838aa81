-- Closes a log under the holder's fence: `end`, status, result and error in one call.
-- KEYS  a job's
-- ARGV  1 attempt  2 token  3 seq  4 id  5 status  6 at  7 data of `end`  8 retention_ms
--       9 events_ttl_ms  10.. field, value of the record (result, error)
-- Returns {'ok', seq}, or a refusal as append.lua.
local seq = tonumber(ARGV[3])
local answer = admit(tonumber(ARGV[1]), ARGV[2], seq, seq, true)
if answer then
  return answer
end
for i = 10, #ARGV, 2 do
  redis.call('HSET', JOB, ARGV[i], ARGV[i + 1])
end
close(ARGV[4], seq, ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
return { 'ok', whole(seq) }
