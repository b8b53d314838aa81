-- Appends what an attempt gave, in its order, in one call under one fence: events, what finished
-- tasks wrote, and checkpoints. The preludes of the logs and of the checkpoints come before it.
-- KEYS  a job's
-- ARGV  1 attempt  2 token  3 first_seq  4 last_seq (first_seq - 1 without events)  5 open_ttl_ms
--       6 number of the batch within its attempt, from 1: a batch without events has no other
--       7.. entries: 'e', name, lines as in append.lua; 'w', writes; 'c', a checkpoint
-- Returns {'ok', last seq}, or {'missing'}, {'closed', seq}, {'fenced', attempt}, {'hole', seq},
-- {'taken', seq}, or {'lacking', seq} where a value of a checkpoint or a piece is gone: then nothing
-- was written, and the call wants all values.
local attempt, token = tonumber(ARGV[1]), ARGV[2]
local first, last, batch = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
local answer = refusal(attempt, token)
if answer then
  return answer
end
local held = redis.call('HMGET', JOB, 'seq', 'batch')
local seq, stored = tonumber(held[1]), tonumber(held[2] or 0)
if batch == stored then
  return { 'ok', whole(seq) }
elseif batch > stored + 1 or first > seq + 1 then
  return { 'hole', whole(seq) }
elseif batch <= stored or first <= seq then
  return { 'taken', whole(seq) }
end

local entries, coming, i = {}, {}, 7
while i <= #ARGV do
  local kind = ARGV[i]
  local entry
  if kind == 'e' then
    entry, i = i, i + 3
  elseif kind == 'w' then
    entry, i = read_writes(i + 1)
  else
    entry, i = read_checkpoint(i + 1)
  end
  local there = kind == 'e' or kind == 'w' and has_pieces(entry) or kind == 'c' and has_values(entry, coming)
  if not there then
    return { 'lacking', whole(seq) }
  end
  entries[#entries + 1] = { kind, entry }
end

local next_seq = first
for _, one in ipairs(entries) do
  local kind, entry = one[1], one[2]
  if kind == 'e' then
    for data in string.gmatch(ARGV[entry + 2], '([^\n]*)\n') do
      add(next_seq, ARGV[entry + 1], data)
      next_seq = next_seq + 1
    end
  elseif kind == 'w' then
    store_writes(entry)
  else
    store_checkpoint(entry)
  end
end
redis.call('HSET', JOB, 'seq', whole(last), 'batch', whole(batch))
redis.call('PEXPIRE', CHECKPOINTS, ARGV[5])
keep_open(ARGV[5])
return { 'ok', whole(last) }
