-- Appends a batch of events under the holder's fence, numbered by its publisher.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: attempt token first_seq last_seq open_ttl_ms runs...
-- uses: log_store/log log_store/fence
-- runs: name, lines, name, lines, ...; lines are the data of a run of events of that name, each
-- with a line feed at its end.
-- Returns {'ok', last seq}, or {'missing'}, {'closed', seq}, {'fenced', attempt},
-- {'hole', seq}, {'taken', seq}.
local first, last = tonumber(first_seq), tonumber(last_seq)
local reply = admit(tonumber(attempt), token, first, last, false)
if reply then
  return reply
end
local seq = first
for i = runs, #ARGV, 2 do
  for data in string.gmatch(ARGV[i + 1], '([^\n]*)\n') do
    add(seq, ARGV[i], data)
    seq = seq + 1
  end
end
redis.call('HSET', JOB, 'seq', whole(last))
index(first, last)
keep_open(open_ttl_ms)
return { 'ok', whole(last) }
