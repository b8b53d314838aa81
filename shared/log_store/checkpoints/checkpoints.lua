-- How one thread's checkpoints are kept, and what goes with what.
-- keys: CHECKPOINTS
--
-- Fields, by namespace (ns: '' for the graph itself, a path for each graph inside it) and by id;
-- parts are divided by \1, the names in a list by \0, and neither occurs in them:
--   head:<ns>                          id of the newest checkpoint; `head:` exists = can be resumed
--   ids:<ns>                           all ids, oldest first, with those known only by a write
--   ckpt:<ns>\1<id>                    a checkpoint: v (format, see keys.py), parent, span, refs, checkpoint,
--                                      metadata
--   blob:<ns>\1<channel>\1<version>    a channel's value, shared by all checkpoints that refer to it
--   write:<ns>\1<id>\1<task>\1<index>  what a task wrote on top of the checkpoint
--   own:<ns>\1<id>                     number of fields that go when the checkpoint goes: its writes,
--                                      and the heads of namespaces that its tasks have opened
--   own:<ns>\1<id>\1<n>                each of them; a list would be copied with every write
--   piece:<place of a value>\1<n>       a part of a value that is too large for one call: in the
--                                      value's own place stands \0 and their number

local function get(field)
  return redis.call('HGET', CHECKPOINTS, field)
end

local function set(field, value)
  redis.call('HSET', CHECKPOINTS, field, value)
end

local function remove(field)
  redis.call('HDEL', CHECKPOINTS, field)
end

-- How many pieces the value is in; nil for a value that is in one piece.
local function pieces(value)
  return value and tonumber(string.match(value, '^%z(%d+)$'))
end

-- A value, put together where it came in pieces. `place` is what its pieces are named after.
local function whole_value(place, value)
  local parts = {}
  for i = 1, pieces(value) or 0 do
    parts[i] = get('piece:' .. place .. '\1' .. i)
  end
  return #parts > 0 and table.concat(parts) or value
end

-- Are all pieces of the value there? They come ahead of it, in calls of their own.
local function is_whole(place, value)
  for i = 1, pieces(value) or 0 do
    if redis.call('HEXISTS', CHECKPOINTS, 'piece:' .. place .. '\1' .. i) == 0 then
      return false
    end
  end
  return true
end

local function remove_pieces(place, value)
  for i = 1, pieces(value) or 0 do
    remove('piece:' .. place .. '\1' .. i)
  end
end

local function names(list)
  local found = {}
  for name in string.gmatch(list or '', '[^%z]+') do
    found[#found + 1] = name
  end
  return found
end

local function checkpoint(ns, id)
  local packed = get('ckpt:' .. ns .. '\1' .. id)
  return packed and cmsgpack.unpack(packed)
end

-- Lists the id, in order, unless it is listed. Nearly always it is the newest.
local function list_id(ns, id)
  local ids = names(get('ids:' .. ns))
  local at = #ids
  while at > 0 and ids[at] > id do
    at = at - 1
  end
  if ids[at] ~= id then
    table.insert(ids, at + 1, id)
    set('ids:' .. ns, table.concat(ids, '\0'))
  end
end

local function blob(ns, ref)
  return 'blob:' .. ns .. '\1' .. ref
end

local function remove_blob(field)
  -- Only a short value can be the count of pieces.
  if redis.call('HSTRLEN', CHECKPOINTS, field) < 16 then
    remove_pieces(field, get(field))
  end
  remove(field)
end

-- From now on the field goes when the checkpoint goes.
local function give(ns, id, field)
  local own = 'own:' .. ns .. '\1' .. id
  local n = redis.call('HINCRBY', CHECKPOINTS, own, 1)
  if n == 1 then
    list_id(ns, id)
  end
  set(own .. '\1' .. n, field)
end

-- The fields that go with the checkpoint.
local function owned(ns, id)
  local own, fields = 'own:' .. ns .. '\1' .. id, {}
  for n = 1, tonumber(get(own) or 0) do
    fields[n] = get(own .. '\1' .. n)
  end
  return fields
end

local retain

-- A checkpoint and all that goes with it, but for its blobs, which others may share.
local function drop(ns, id)
  local own = 'own:' .. ns .. '\1' .. id
  for n, field in ipairs(owned(ns, id)) do
    if string.sub(field, 1, 5) == 'head:' then
      retain(string.sub(field, 6), {})
    else
      remove(field)
    end
    remove(own .. '\1' .. n)
  end
  remove(own)
  remove('ckpt:' .. ns .. '\1' .. id)
end

-- Drops every checkpoint of the namespace but these (ids, oldest first), then what none refers to.
function retain(ns, kept)
  local stays, used, head = {}, {}, nil
  for _, id in ipairs(kept) do
    local c = checkpoint(ns, id)
    stays[id] = true
    head = c and id or head
    for _, ref in ipairs(c and c.refs or {}) do
      used[ref] = true
    end
  end
  for _, id in ipairs(names(get('ids:' .. ns))) do
    if not stays[id] then
      local c = checkpoint(ns, id)
      for _, ref in ipairs(c and c.refs or {}) do
        if not used[ref] then
          remove_blob(blob(ns, ref))
        end
      end
      drop(ns, id)
    end
  end
  if head then
    set('head:' .. ns, head)
  else
    remove('head:' .. ns)
  end
  if #kept > 0 then
    set('ids:' .. ns, table.concat(kept, '\0'))
  else
    remove('ids:' .. ns)
  end
end

-- Keeps the newest checkpoints, `keep` of them, and those that they are rebuilt from: one with a
-- span of n needs the n - 1 before it. Ids known only by a write are not counted.
local function trim(ns, keep)
  local ids = names(get('ids:' .. ns))
  local oldest, seen, need = #ids + 1, 0, keep
  while seen < need do
    if need >= #ids or oldest == 1 then
      return
    end
    oldest = oldest - 1
    local c = checkpoint(ns, ids[oldest])
    if c then
      need = seen < keep and math.max(need, seen + c.span) or need
      seen = seen + 1
    end
  end
  if oldest == 1 then
    return
  end
  local kept = {}
  for i = oldest, #ids do
    kept[#kept + 1] = ids[i]
  end
  retain(ns, kept)
end

-- Reads a checkpoint from ARGV, starting at place `i`: ns, id, parent id or '', span, checkpoint,
-- metadata, how many to keep (0 for all). Then ns and id of the checkpoint whose task has opened
-- this namespace ('' for id if it outlives that one). Then the number of refs (channel \1 version)
-- and the refs, the number of changed channels, and for each ref, value. Returns it, and the next
-- place.
local function read_checkpoint(i)
  local c = {
    ns = ARGV[i],
    id = ARGV[i + 1],
    parent = ARGV[i + 2],
    span = tonumber(ARGV[i + 3]),
    checkpoint = ARGV[i + 4],
    metadata = ARGV[i + 5],
    keep = tonumber(ARGV[i + 6]),
    opener_ns = ARGV[i + 7],
    opener = ARGV[i + 8],
    refs = {},
    changed = {},
  }
  i = i + 10
  for n = 1, tonumber(ARGV[i - 1]) do
    c.refs[n] = ARGV[i]
    i = i + 1
  end
  for _ = 1, tonumber(ARGV[i]) do
    c.changed[ARGV[i + 1]] = ARGV[i + 2]
    i = i + 2
  end
  return c, i + 1
end

-- Does the store have every value that the checkpoint needs? `coming` has the fields of those that
-- earlier checkpoints of the same call bring; this one's are added to it.
local function has_values(c, coming)
  for ref, value in pairs(c.changed) do
    local field = blob(c.ns, ref)
    if not is_whole(field, value) then
      return false
    end
    coming[field] = true
  end
  for _, ref in ipairs(c.refs) do
    local field = blob(c.ns, ref)
    if not coming[field] and redis.call('HEXISTS', CHECKPOINTS, field) == 0 then
      return false
    end
  end
  return true
end

local function store_checkpoint(c)
  for ref, value in pairs(c.changed) do
    set(blob(c.ns, ref), value)
  end
  set(
    'ckpt:' .. c.ns .. '\1' .. c.id,
    cmsgpack.pack({
      v = FORMAT,
      parent = c.parent,
      span = c.span,
      refs = c.refs,
      checkpoint = c.checkpoint,
      metadata = c.metadata,
    })
  )
  list_id(c.ns, c.id)
  local head = get('head:' .. c.ns)
  if not head and c.opener ~= '' then
    give(c.opener_ns, c.opener, 'head:' .. c.ns)
  end
  if not head or head < c.id then
    set('head:' .. c.ns, c.id)
  end
  if c.keep > 0 then
    trim(c.ns, c.keep)
  end
end

-- Reads from ARGV what a task wrote, from place `i` on: ns, id of the checkpoint, task, path of the
-- task, number of writes and for each index, channel, value. Returns it, and the next place.
local function read_writes(i)
  local w = { ns = ARGV[i], id = ARGV[i + 1], task = ARGV[i + 2], path = ARGV[i + 3] }
  i = i + 5
  for n = 1, tonumber(ARGV[i - 1]) do
    w[n] = { index = ARGV[i], channel = ARGV[i + 1], value = ARGV[i + 2] }
    i = i + 3
  end
  return w, i
end

local function write_field(w, index)
  return table.concat({ 'write:' .. w.ns, w.id, w.task, index }, '\1')
end

local function has_pieces(w)
  for _, one in ipairs(w) do
    if not is_whole(write_field(w, one.index), one.value) then
      return false
    end
  end
  return true
end

-- A write whose index is negative replaces, any other stays as it is.
local function store_writes(w)
  for _, one in ipairs(w) do
    local field = write_field(w, one.index)
    local known = redis.call('HEXISTS', CHECKPOINTS, field) == 1
    if not known or tonumber(one.index) < 0 then
      set(field, cmsgpack.pack({ w.task, one.index, w.path, one.channel, one.value }))
    end
    if not known then
      give(w.ns, w.id, field)
    end
    for i = 1, not known and pieces(one.value) or 0 do
      give(w.ns, w.id, 'piece:' .. field .. '\1' .. i)
    end
  end
end
