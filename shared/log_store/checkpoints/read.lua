-- Reads a checkpoint, the values of its channels, and its writes.
-- keys: CHECKPOINTS
-- args: ns id
-- uses: log_store/checkpoints/checkpoints
-- id: '' for the newest.
-- Returns {'ok', id, parent id or '', checkpoint, metadata, number of channels,
--          ref, value, ... of the channels, task, index, path, channel, value, ... of the writes},
-- or {'ok'} where there is none.
local found = id ~= '' and id or get('head:' .. ns)
local c = found and checkpoint(ns, found)
if not c then
  return { 'ok' }
end
local reply = { 'ok', found, c.parent, c.checkpoint, c.metadata, tostring(#c.refs) }
for _, ref in ipairs(c.refs) do
  local field = 'blob:' .. ns .. '\1' .. ref
  reply[#reply + 1] = ref
  reply[#reply + 1] = whole_value(field, get(field))
end
for _, field in ipairs(owned(ns, found)) do
  if string.sub(field, 1, 6) == 'write:' then
    local write = cmsgpack.unpack(get(field))
    write[5] = whole_value(field, write[5])
    for i = 1, 5 do
      reply[#reply + 1] = write[i]
    end
  end
end
return reply
