-- Appends a batch of events under the holder's fence, numbered by its publisher.
-- KEYS  a job's
-- ARGV  1 attempt  2 token  3 first_seq  4 last_seq  5 open_ttl_ms  6.. name, lines, name, lines, ...
--       where lines are the data of a run of events of that name, each with a line feed behind it
-- Returns {'ok', last seq}, or {'missing'}, {'closed', seq}, {'fenced', attempt},
-- {'hole', seq}, {'taken', seq}.
local first, last = tonumber(ARGV[3]), tonumber(ARGV[4])
local answer = admit(tonumber(ARGV[1]), ARGV[2], first, last, false)
if answer then
  return answer
end
local seq = first
for i = 6, #ARGV, 2 do
  for data in string.gmatch(ARGV[i + 1], '([^\n]*)\n') do
    add(seq, ARGV[i], data)
    seq = seq + 1
  end
end
redis.call('HSET', JOB, 'seq', whole(last))
keep_open(ARGV[5])
return { 'ok', whole(last) }
