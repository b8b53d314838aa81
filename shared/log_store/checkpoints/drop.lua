-- Drops some checkpoints of a namespace.
-- KEYS  as in the prelude
-- ARGV  1 ns  2.. ids
-- Returns {'ok'}.
local dropped, kept = {}, {}
for i = 2, #ARGV do
  dropped[ARGV[i]] = true
end
for _, id in ipairs(names(get('ids:' .. ARGV[1]))) do
  if not dropped[id] then
    kept[#kept + 1] = id
  end
end
retain(ARGV[1], kept)
return { 'ok' }
