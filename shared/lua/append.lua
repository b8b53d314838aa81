-- Appends a batch of events under the holder's fence, numbered by its publisher.
-- KEYS  a job's
-- ARGV  1 attempt  2 token  3 first_seq  4 open_ttl_ms  5.. name, data, name, data, ...
-- Returns {'ok', last seq}, or {'missing'}, {'closed', seq}, {'fenced', attempt},
-- {'hole', seq}, {'taken', seq}.
local first = tonumber(ARGV[3])
local last = first + (#ARGV - 4) / 2 - 1
local answer = admit(tonumber(ARGV[1]), ARGV[2], first, last, false)
if answer then
  return answer
end
for i = 5, #ARGV, 2 do
  add(first + (i - 5) / 2, ARGV[i], ARGV[i + 1])
end
redis.call('HSET', JOB, 'seq', whole(last))
keep_open(ARGV[4])
return { 'ok', whole(last) }
