-- Stores a checkpoint with the channels that have changed, under the holder's fence, and drops what
-- going on no longer needs. Repeatable.
-- KEYS  as in the prelude
-- ARGV  1 attempt  2 token  3 ttl_ms  4 ns  5 id  6 parent id or ''  7 span  8 checkpoint  9 metadata
--       10 how many to keep, 0 for all  11 ns and  12 id of the checkpoint whose task has opened this
--       namespace, '' for id where it outlives that one  13 number of refs (channel \1 version)
--       14.. the refs, then ref, value, ref, value, ... of the changed channels
-- Returns {'ok'}, or {'missing'}, {'closed', seq}, {'fenced', attempt}, {'taken', seq}, or
-- {'hole', '0'} where the value of an unchanged channel is gone: then nothing was written, and the
-- call wants all values.
local answer = refusal(tonumber(ARGV[1]), ARGV[2])
if answer then
  return answer
end
local ns, id = ARGV[4], ARGV[5]
local refs, changed, blobs = {}, {}, 14 + tonumber(ARGV[13])
for i = blobs, #ARGV, 2 do
  changed[ARGV[i]] = true
end
for i = 14, blobs - 1 do
  refs[#refs + 1] = ARGV[i]
  if not changed[ARGV[i]] and redis.call('HEXISTS', ALL, 'blob:' .. ns .. '\1' .. ARGV[i]) == 0 then
    return { 'hole', '0' }
  end
end
for i = blobs, #ARGV, 2 do
  set('blob:' .. ns .. '\1' .. ARGV[i], ARGV[i + 1])
end
set('ckpt:' .. ns .. '\1' .. id, cmsgpack.pack({ parent = ARGV[6], span = tonumber(ARGV[7]),
  refs = refs, checkpoint = ARGV[8], metadata = ARGV[9] }))
list_id(ns, id)
local head = get('head:' .. ns)
if not head and ARGV[12] ~= '' then
  give(ARGV[11], ARGV[12], 'head:' .. ns)
end
if not head or head < id then
  set('head:' .. ns, id)
end
if ARGV[10] ~= '0' then
  trim(ns, tonumber(ARGV[10]))
end
redis.call('PEXPIRE', ALL, ARGV[3])
return { 'ok' }
