-- What readers are shown of checkpoints, newest first, without the values.
-- keys: CHECKPOINTS
-- args: ns id before limit
-- uses: log_store/checkpoints/checkpoints
-- id: of the only one, '' for the newest. before: only ids below this one, '' for any.
-- Returns {'ok', and of each: id, parent id or '', what is shown, the same with what finished tasks
--          have changed or '', number of writes, and task, index, path, channel, JSON of each}.
local reply = { 'ok' }
local start = id ~= '' and id or get('head:' .. ns)
if before ~= '' then
  -- Nearly always it is the last one of the page before.
  local c = checkpoint(ns, before)
  start = c and (c.older or false) or start
end
local left = tonumber(limit)
for found, c in chain(ns, start) do
  if left == 0 then
    break
  end
  if before == '' or found < before then
    left = left - 1
    reply[#reply + 1] = found
    reply[#reply + 1] = c.parent
    reply[#reply + 1] = get('snap:' .. ns .. '\1' .. found) or ''
    reply[#reply + 1] = get('live:' .. ns .. '\1' .. found) or ''
    reply[#reply + 1] = '0'
    local number, at = 0, #reply
    for _, field in ipairs(owned(ns, found)) do
      if string.sub(field, 1, 6) == 'write:' then
        local write = cmsgpack.unpack(get(field))
        number = number + 1
        for i = 1, 4 do
          reply[#reply + 1] = write[i]
        end
        reply[#reply + 1] = whole_value('show:' .. field, write[7] or '')
      end
    end
    reply[at] = whole(number)
  end
end
return reply
