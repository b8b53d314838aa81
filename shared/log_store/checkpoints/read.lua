-- Reads a checkpoint, the values of its channels, and its writes.
-- KEYS  as in the prelude
-- ARGV  1 ns  2 id, '' for the newest
-- Returns {'ok', id, parent id or '', checkpoint, metadata, number of channels,
--          ref, value, ... of the channels, task, index, path, channel, value, ... of the writes},
-- or {'ok'} where there is none.
local ns = ARGV[1]
local id = ARGV[2] ~= '' and ARGV[2] or get('head:' .. ns)
local c = id and checkpoint(ns, id)
if not c then
  return { 'ok' }
end
local answer = { 'ok', id, c.parent, c.checkpoint, c.metadata, tostring(#c.refs) }
for _, ref in ipairs(c.refs) do
  local field = blob(ns, ref)
  answer[#answer + 1] = ref
  answer[#answer + 1] = whole_value(field, get(field))
end
for _, field in ipairs(owned(ns, id)) do
  if string.sub(field, 1, 6) == 'write:' then
    local write = cmsgpack.unpack(get(field))
    write[5] = whole_value(field, write[5])
    for _, part in ipairs(write) do
      answer[#answer + 1] = part
    end
  end
end
return answer
