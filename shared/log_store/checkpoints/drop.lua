-- Drops some checkpoints of a namespace.
-- keys: CHECKPOINTS
-- args: ns ids...
-- uses: log_store/checkpoints/checkpoints
-- Returns {'ok'}.
local dropped, kept = {}, {}
for i = ids, #ARGV do
  dropped[ARGV[i]] = true
end
for _, id in ipairs(names(get('ids:' .. ns))) do
  if not dropped[id] then
    kept[#kept + 1] = id
  end
end
retain(ns, kept)
return { 'ok' }
