-- Appends what an attempt gave, in its order, in one call under one fence: events, what finished
-- tasks wrote, and checkpoints.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: attempt token first_seq last_seq open_ttl_ms batch parts...
-- uses: log_store/log log_store/fence log_store/checkpoints/checkpoints
-- last_seq: first_seq - 1 without events.
-- batch: its number within the attempt, from 1: a batch without events has no other.
-- parts: of entries: 'e', name, lines as in append.lua; 'w', writes; 'c', a checkpoint;
-- 'v', what a stored checkpoint is shown as.
-- Returns {'ok', last seq}, or {'missing'}, {'closed', seq}, {'fenced', attempt}, {'hole', seq},
-- {'taken', seq}, or {'lacking', seq} where a value of a checkpoint or a piece is gone: then nothing
-- was written, and the call wants all values.
local first, last, number = tonumber(first_seq), tonumber(last_seq), tonumber(batch)
local reply = refusal(tonumber(attempt), token)
if reply then
  return reply
end
local held = redis.call('HMGET', JOB, 'seq', 'batch')
local seq, stored = tonumber(held[1]), tonumber(held[2] or 0)
if number == stored then
  return { 'ok', whole(seq) }
elseif number > stored + 1 or first > seq + 1 then
  return { 'hole', whole(seq) }
elseif number <= stored or first <= seq then
  return { 'taken', whole(seq) }
end

local entries, coming, i = {}, {}, parts
while i <= #ARGV do
  local kind = ARGV[i]
  local entry
  if kind == 'e' then
    entry, i = i, i + 3
  elseif kind == 'w' then
    entry, i = read_writes(i + 1)
  elseif kind == 'v' then
    entry, i = read_view(i + 1)
  else
    entry, i = read_checkpoint(i + 1)
  end
  local there = kind == 'e'
    or kind == 'w' and has_pieces(entry)
    or kind == 'v' and is_complete(entry.fields, coming)
    or kind == 'c' and has_values(entry, coming)
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
  elseif kind == 'v' then
    store_view(entry)
  else
    store_checkpoint(entry)
  end
end
for _, one in ipairs(entries) do
  if one[1] == 'c' then
    cut(one[2])
  end
end
save()
redis.call('HSET', JOB, 'seq', whole(last), 'batch', whole(number))
index(first, last)
keep_state(open_ttl_ms)
keep_open(open_ttl_ms)
return { 'ok', whole(last) }
