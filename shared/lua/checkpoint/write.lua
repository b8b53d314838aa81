-- Stores what a task wrote on top of a checkpoint, under the holder's fence. The checkpoint itself
-- may come later. Repeatable: a write whose index is negative replaces, any other stays as it is.
-- KEYS  as in the prelude
-- ARGV  1 attempt  2 token  3 ttl_ms  4 ns  5 id of the checkpoint  6 task  7 path of the task
--       8.. index, channel, value, ...
-- Returns {'ok'}, or {'missing'}, {'closed', seq}, {'fenced', attempt}, {'taken', seq}.
local answer = refusal(tonumber(ARGV[1]), ARGV[2])
if answer then
  return answer
end
local ns, id = ARGV[4], ARGV[5]
for i = 8, #ARGV, 3 do
  local field = table.concat({ 'write:' .. ns, id, ARGV[6], ARGV[i] }, '\1')
  local known = redis.call('HEXISTS', ALL, field) == 1
  if not known or tonumber(ARGV[i]) < 0 then
    set(field, cmsgpack.pack({ ARGV[6], ARGV[i], ARGV[7], ARGV[i + 1], ARGV[i + 2] }))
  end
  if not known then
    give(ns, id, field)
  end
end
redis.call('PEXPIRE', ALL, ARGV[3])
return { 'ok' }
