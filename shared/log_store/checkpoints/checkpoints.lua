-- How one thread's checkpoints are kept, and what goes with what.
-- keys: CHECKPOINTS
--
-- Fields, by namespace (ns: '' for the graph itself, a path for each graph inside it) and by id;
-- parts are divided by \1, the names in a list by \0, and neither occurs in them:
--   head:<ns>                          id of the newest checkpoint; `head:` exists = can be resumed
--   low:<ns>                           place of the oldest one in the chain, and when it was stored
--   early:<ns>                         ids that are known only by a write so far
--   ckpt:<ns>\1<id>                    a checkpoint: v (format, see keys.py), parent, older (the one
--                                      before it in order of ids), n (its place), at (ms), span,
--                                      refs, shows, shown (whether snap or live
--                                      are there), checkpoint, metadata
--   blob:<ns>\1<channel>\1<version>    a channel's value, shared by all checkpoints that refer to it
--   snap:<ns>\1<id>                    what a reader without the graph is shown of it, as JSON
--   live:<ns>\1<id>                    the same of the newest, where finished tasks have changed it
--   show:<ns>\1<channel>\1<version>    a channel's value as JSON
--   part:<digest>, json:<digest>       an element of a list, and the same as JSON; or a node
--   uses:<digest>                      how many nodes and values refer to a part, but for the first
--   write:<ns>\1<id>\1<task>\1<index>  what a task wrote on top of the checkpoint
--   own:<ns>\1<id>                     number of fields that go when the checkpoint goes: its writes,
--                                      and the heads of namespaces that its tasks have opened
--   own:<ns>\1<id>\1<n>                each of them; a list would be copied with every write
--   piece:<place of a value>\1<n>      a part of a value that is too large for one call: in the
--                                      value's own place stands \0 and their number
--   top                                the newest id of all namespaces
--   writes                             number of writes so far; each keeps its own
--
-- A list may be stored by its elements: as a tree. In the list's place stands the root, which is a
-- node as all others, but is not named by its digest. A node begins with its level, as one byte from
-- \1 on. On level 1, entries are \255 and an element's digest, or for a short element its length
-- (one byte), itself, and the length of its JSON and that. Above, they are the digests of nodes.

local HIGHEST_LEVEL = 15
local DIGEST = 16
local LONGEST_NODE = 4096

-- What the script writes, by field; false for what it removes. It goes to the store in one command,
-- since the key's name alone is longer than most values.
local changed = {}

-- What it has read, by field: some are looked at several times.
local read = {}

local function get(field)
  local value = changed[field]
  if value == nil then
    value = read[field]
  end
  if value == nil then
    value = redis.call('HGET', CHECKPOINTS, field)
    read[field] = value
  end
  return value
end

local function set(field, value)
  changed[field] = value
end

local function remove(field)
  changed[field] = false
end

local function has(field)
  local value = changed[field]
  if value == nil then
    value = read[field]
  end
  if value == nil then
    return redis.call('HEXISTS', CHECKPOINTS, field) == 1
  end
  return value ~= false
end

local function send(command, operands)
  -- `unpack` takes so many at once.
  for i = 1, #operands, 1000 do
    redis.call(command, CHECKPOINTS, unpack(operands, i, math.min(i + 999, #operands)))
  end
end

-- Writes what the script has changed: the last call of each script that changes anything here.
local function save()
  local written, removed = {}, {}
  for field, value in pairs(changed) do
    if value then
      written[#written + 1] = field
      written[#written + 1] = value
    else
      removed[#removed + 1] = field
    end
  end
  send('HSET', written)
  send('HDEL', removed)
  changed, read = {}, {}
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
    if not has('piece:' .. place .. '\1' .. i) then
      return false
    end
  end
  return true
end

local function names(list)
  local found = {}
  for name in string.gmatch(list or '', '[^%z]+') do
    found[#found + 1] = name
  end
  return found
end

-- The level of a node; nil for any other value.
local function level_of(value)
  local level = value and string.byte(value)
  return level and level >= 1 and level <= HIGHEST_LEVEL and level or nil
end

-- The digests that a node refers to; none for any other value.
local function children(value)
  local level, found, i = level_of(value), {}, 2
  if not level then
    return found
  end
  while i <= #value do
    if level > 1 or string.byte(value, i) == 255 then
      i = level > 1 and i or i + 1
      found[#found + 1] = string.sub(value, i, i + DIGEST - 1)
      i = i + DIGEST
    else
      i = i + 1 + string.byte(value, i)
      i = i + 1 + string.byte(value, i)
    end
  end
  return found
end

-- Removes the field, and a value's pieces. Its value may be given.
local function remove_value(field, value)
  -- Only a short value can be the count of pieces.
  if value == nil and redis.call('HSTRLEN', CHECKPOINTS, field) < DIGEST then
    value = get(field)
  end
  for i = 1, pieces(value) or 0 do
    remove('piece:' .. field .. '\1' .. i)
  end
  remove(field)
end

-- One node or value less refers to the part.
local function release(digest)
  local uses = tonumber(get('uses:' .. digest) or 0)
  if uses > 1 then
    set('uses:' .. digest, whole(uses - 1))
  elseif uses == 1 then
    remove('uses:' .. digest)
  else
    for _, child in ipairs(children(get('part:' .. digest))) do
      release(child)
    end
    remove_value('part:' .. digest)
    remove_value('json:' .. digest)
    remove('uses:' .. digest)
  end
end

-- Removes the field, and what only it refers to.
local function remove_root(field)
  local value = redis.call('HSTRLEN', CHECKPOINTS, field) <= LONGEST_NODE and get(field)
  for _, digest in ipairs(children(value)) do
    release(digest)
  end
  remove_value(field, value)
end

-- Stores fields, by name, that are there under no other value: a field that is there stays. Each new
-- one counts as a use of the parts that it refers to.
local function bring(fields)
  local fresh, found = {}, {}
  for field, value in pairs(fields) do
    if not has(field) then
      set(field, value)
      if level_of(value) then
        found[#found + 1] = children(value)
      end
      if string.sub(field, 1, 5) == 'part:' then
        fresh[string.sub(field, 6)] = true
      end
    end
  end
  for _, digests in ipairs(found) do
    for _, digest in ipairs(digests) do
      if fresh[digest] then
        fresh[digest] = nil
      else
        set('uses:' .. digest, whole(tonumber(get('uses:' .. digest) or 0) + 1))
      end
    end
  end
end

-- Is all there that these fields refer to? `coming` has the fields that earlier ones of the same call
-- bring; these are added to it.
local function is_complete(fields, coming)
  for field, value in pairs(fields) do
    if not is_whole(field, value) then
      return false
    end
    coming[field] = true
  end
  for _, value in pairs(fields) do
    local level = level_of(value)
    for _, digest in ipairs(level and children(value) or {}) do
      if not (coming['part:' .. digest] or has('part:' .. digest)) then
        return false
      elseif level == 1 and not (coming['json:' .. digest] or has('json:' .. digest)) then
        return false
      end
    end
  end
  return true
end

-- Checkpoints that were read or written, by field: one is looked at several times.
local unpacked = {}

local function checkpoint(ns, id)
  local field = 'ckpt:' .. ns .. '\1' .. id
  if unpacked[field] ~= nil then
    return unpacked[field] or nil
  end
  local packed = get(field)
  local c = packed and cmsgpack.unpack(packed)
  if c then
    c.n, c.at, c.shows = c.n or 1, c.at or 0, c.shows or {}
  end
  unpacked[field] = c
  return c or nil
end

local function set_checkpoint(ns, id, c)
  local field = 'ckpt:' .. ns .. '\1' .. id
  unpacked[field] = c
  set(field, cmsgpack.pack(c))
end

local function remove_checkpoint(ns, id)
  local field = 'ckpt:' .. ns .. '\1' .. id
  unpacked[field] = false
  remove(field)
end

-- The namespace's checkpoints from `id` on, newest first.
local function chain(ns, id)
  local c = id and checkpoint(ns, id)
  return function()
    if not c then
      return nil
    end
    local found_id, found = id, c
    id = c.older or ''
    c = id ~= '' and checkpoint(ns, id) or nil
    return found_id, found
  end
end

local function list_early(ns, id)
  local ids = get('early:' .. ns) or ''
  set('early:' .. ns, ids .. id .. '\0')
end

-- Keeps those of the ids that are known only by a write for which `stays(id)`.
local function keep_early(ns, stays, drop)
  local early, left = names(get('early:' .. ns)), {}
  for _, id in ipairs(early) do
    if stays(id) then
      left[#left + 1] = id .. '\0'
    elseif drop then
      drop(ns, id)
    end
  end
  if #left > 0 then
    set('early:' .. ns, table.concat(left))
  elseif #early > 0 then
    remove('early:' .. ns)
  end
end

-- From now on the field goes when the checkpoint goes.
local function give(ns, id, field)
  local own = 'own:' .. ns .. '\1' .. id
  local n = tonumber(get(own) or 0) + 1
  if n == 1 and not has('ckpt:' .. ns .. '\1' .. id) then
    list_early(ns, id)
  end
  set(own, whole(n))
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

local function remove_owned(field)
  local kind = string.match(field, '^%l+:')
  if kind == 'head:' then
    retain(string.sub(field, 6), {})
  elseif kind == 'show:' then
    remove_root(field)
  else
    remove(field)
  end
end

-- A checkpoint and all that goes with it, but for its values, which others may share.
local function drop(ns, id)
  local own = 'own:' .. ns .. '\1' .. id
  for n, field in ipairs(owned(ns, id)) do
    remove_owned(field)
    remove(own .. '\1' .. n)
  end
  remove(own)
  local c = checkpoint(ns, id)
  if c and c.shown then
    remove('snap:' .. ns .. '\1' .. id)
    remove('live:' .. ns .. '\1' .. id)
  end
  remove_checkpoint(ns, id)
end

-- The fields of a checkpoint's values.
local function fields_of(ns, c)
  local fields = {}
  for _, ref in ipairs(c.refs) do
    fields[#fields + 1] = 'blob:' .. ns .. '\1' .. ref
  end
  for _, ref in ipairs(c.shows) do
    fields[#fields + 1] = 'show:' .. ns .. '\1' .. ref
  end
  return fields
end

-- Drops every checkpoint of the namespace but these (by id), then what none refers to.
function retain(ns, stays)
  local kept, gone, used = {}, {}, {}
  for id, c in chain(ns, get('head:' .. ns)) do
    local list = stays[id] and kept or gone
    list[#list + 1] = { id, c }
    for _, field in ipairs(stays[id] and fields_of(ns, c) or {}) do
      used[field] = true
    end
  end
  for _, one in ipairs(gone) do
    for _, field in ipairs(fields_of(ns, one[2])) do
      if not used[field] then
        remove_root(field)
        used[field] = true
      end
    end
    drop(ns, one[1])
  end
  local oldest = kept[#kept]
  keep_early(ns, function(id)
    return oldest and id > oldest[1]
  end, drop)
  if not oldest then
    remove('head:' .. ns)
    remove('low:' .. ns)
    return
  end
  for i, one in ipairs(kept) do
    local older = kept[i + 1]
    if older and one[2].older ~= older[1] then
      one[2].older = older[1]
      set_checkpoint(ns, one[1], one[2])
    end
  end
  set('head:' .. ns, kept[1][1])
  set('low:' .. ns, whole(kept[1][2].n - #kept + 1) .. ' ' .. whole(oldest[2].at))
end

-- Keeps the checkpoints from `head` on for which `chosen(id, c)`, and those that they are rebuilt from: one
-- with a span of n needs the n - 1 before it.
local function keep_chosen(ns, head, chosen)
  local stays, wanted = {}, {}
  for id, c in chain(ns, head) do
    if chosen(id, c) then
      wanted[id] = math.max(wanted[id] or 1, c.span)
    end
    if wanted[id] then
      stays[id] = true
      local before = c.parent ~= '' and c.parent or c.older
      if wanted[id] > 1 and before then
        wanted[before] = math.max(wanted[before] or 1, wanted[id] - 1)
      end
    end
  end
  retain(ns, stays)
end

-- Keeps the newest checkpoints, `keep` of them, none of them older than `within_ms` (0: of any age),
-- and those that they are rebuilt from. Does so when there are more than `slack` too many: it looks at
-- all of them.
local function trim(ns, keep, within_ms, slack)
  local head = get('head:' .. ns)
  local newest = head and checkpoint(ns, head)
  if not newest then
    return
  end
  local low, low_at = string.match(get('low:' .. ns) or '1 0', '^(%S+) (%S+)$')
  local many = newest.n - tonumber(low) + 1 > keep + slack
  local oldest_at = within_ms > 0 and now_ms() - within_ms or 0
  local old = tonumber(low_at) > 0 and tonumber(low_at) < oldest_at - within_ms / 4
  if not many and not old and not get('early:' .. ns) then
    return
  end
  local seen = 0
  keep_chosen(ns, head, function(_, c)
    seen = seen + 1
    return seen == 1 or seen <= keep and c.at >= oldest_at
  end)
end

-- Every namespace that has a checkpoint, or a write of one to come.
local function namespaces()
  local found, listed = {}, {}
  for _, field in ipairs(redis.call('HKEYS', CHECKPOINTS)) do
    local ns = string.match(field, '^head:(.*)$') or string.match(field, '^early:(.*)$')
    if ns and not listed[ns] then
      found[#found + 1], listed[ns] = ns, true
    end
  end
  return found
end

-- Takes back the writes on top of a checkpoint that came after so many, with what came after those.
local function disown(ns, id, writes)
  local own, fields = 'own:' .. ns .. '\1' .. id, owned(ns, id)
  local first = #fields + 1
  for n = #fields, 1, -1 do
    local value = string.sub(fields[n], 1, 6) == 'write:' and get(fields[n])
    local number = value and cmsgpack.unpack(value)[6]
    first = number and number > writes and n or first
  end
  for n = first, #fields do
    remove_owned(fields[n])
    remove(own .. '\1' .. n)
  end
  if first == 1 then
    remove(own)
  elseif first <= #fields then
    set(own, whole(first - 1))
  end
  if first <= #fields then
    remove('live:' .. ns .. '\1' .. id)
  end
end

-- Where the thread is now, as `rewind` takes it: its newest checkpoint and its newest write.
local function position()
  return (get('top') or '') .. ' ' .. (get('writes') or '0')
end

-- Takes back everything that came after this position. Calls `save` itself.
local function rewind(to)
  local top, writes = string.match(to, '^(%S*) (%d+)$')
  for _, ns in ipairs(namespaces()) do
    local stays = {}
    for id in chain(ns, get('head:' .. ns)) do
      stays[id] = id <= top
    end
    retain(ns, stays)
    keep_early(ns, function(id)
      return id <= top
    end, drop)
  end
  for _, ns in ipairs(namespaces()) do
    local head = get('head:' .. ns)
    if head then
      disown(ns, head, tonumber(writes))
    end
  end
  set('top', top)
  save()
end

-- Reads the names of fields and their values from ARGV, from place `i` on: their number, then each.
local function read_fields(i)
  local fields = {}
  for _ = 1, tonumber(ARGV[i]) do
    fields[ARGV[i + 1]] = ARGV[i + 2]
    i = i + 2
  end
  return fields, i + 1
end

-- Reads a list from ARGV: its length, then each item.
local function read_list(i)
  local list = {}
  for n = 1, tonumber(ARGV[i]) do
    list[n] = ARGV[i + n]
  end
  return list, i + 1 + #list
end

-- Reads a checkpoint from ARGV, starting at place `i`: ns, id, parent id or '', span, checkpoint,
-- metadata, how many to keep (0 for all), for how long (ms, 0 for any time). Then ns and id of the
-- checkpoint whose task has opened this namespace ('' for id if it outlives that one), and what it
-- is shown as ('' for nothing). Then lists: the refs (channel \1 version) of its values, and of what
-- is shown alone; and the fields that it brings. Returns it, and the next place.
local function read_checkpoint(i)
  local c = {
    ns = ARGV[i],
    id = ARGV[i + 1],
    parent = ARGV[i + 2],
    span = tonumber(ARGV[i + 3]),
    checkpoint = ARGV[i + 4],
    metadata = ARGV[i + 5],
    keep = tonumber(ARGV[i + 6]),
    within_ms = tonumber(ARGV[i + 7]),
    opener_ns = ARGV[i + 8],
    opener = ARGV[i + 9],
    snap = ARGV[i + 10],
  }
  c.refs, i = read_list(i + 11)
  c.shows, i = read_list(i)
  c.fields, i = read_fields(i)
  return c, i
end

-- Does the store have every value that the checkpoint needs? `coming` has the fields of those that
-- earlier entries of the same call bring; this one's are added to it.
local function has_values(c, coming)
  if not is_complete(c.fields, coming) then
    return false
  end
  for _, ref in ipairs(c.refs) do
    local field = 'blob:' .. c.ns .. '\1' .. ref
    if not (coming[field] or has(field)) then
      return false
    end
  end
  for _, ref in ipairs(c.shows) do
    local field = 'show:' .. c.ns .. '\1' .. ref
    if not (coming[field] or has(field)) then
      return false
    end
  end
  return true
end

-- Finds the place of a checkpoint that is not the newest: between two others, or where it is already.
local function insert(c, packed, head)
  local newer, newer_id
  for id, other in chain(c.ns, head) do
    if id == c.id then
      packed.older, packed.n = other.older, other.n
      return
    elseif id < c.id then
      packed.older, packed.n = id, other.n
      break
    end
    newer_id, newer = id, other
  end
  newer.older = c.id
  set_checkpoint(c.ns, newer_id, newer)
end

-- Finds the new checkpoint's place in the chain; nearly always it is the newest.
local function link(c, packed)
  local head = get('head:' .. c.ns)
  if head and c.id <= head then
    insert(c, packed, head)
    return
  end
  if head then
    packed.older, packed.n = head, checkpoint(c.ns, head).n + 1
  else
    set('low:' .. c.ns, '1 ' .. whole(packed.at))
  end
  set('head:' .. c.ns, c.id)
  if not head and c.opener ~= '' then
    give(c.opener_ns, c.opener, 'head:' .. c.ns)
  end
end

local function store_checkpoint(c)
  bring(c.fields)
  local packed = {
    v = FORMAT,
    parent = c.parent,
    n = 1,
    at = c.within_ms > 0 and now_ms() or 0,
    span = c.span,
    refs = c.refs,
    shows = c.shows,
    shown = c.snap ~= '',
    checkpoint = c.checkpoint,
    metadata = c.metadata,
  }
  link(c, packed)
  set_checkpoint(c.ns, c.id, packed)
  if c.snap ~= '' then
    set('snap:' .. c.ns .. '\1' .. c.id, c.snap)
  end
  keep_early(c.ns, function(id)
    return id ~= c.id
  end)
  if (get('top') or '') < c.id then
    set('top', c.id)
  end
end

-- Drops what the checkpoint's namespace keeps no longer. After everything that the call brings: it may
-- refer to what would be dropped.
local function cut(c)
  if c.keep > 0 then
    trim(c.ns, c.keep, c.within_ms, math.floor(c.keep / 4))
  end
end

-- Reads from ARGV what a task wrote, from place `i` on: ns, id of the checkpoint, task, path of the
-- task, number of writes and for each index, channel, value, JSON of the value or ''. Returns it, and
-- the next place.
local function read_writes(i)
  local w = { ns = ARGV[i], id = ARGV[i + 1], task = ARGV[i + 2], path = ARGV[i + 3] }
  i = i + 5
  for n = 1, tonumber(ARGV[i - 1]) do
    w[n] = { index = ARGV[i], channel = ARGV[i + 1], value = ARGV[i + 2], shown = ARGV[i + 3] }
    i = i + 4
  end
  return w, i
end

local function write_field(w, index)
  return table.concat({ 'write:' .. w.ns, w.id, w.task, index }, '\1')
end

local function has_pieces(w)
  for _, one in ipairs(w) do
    local field = write_field(w, one.index)
    if not is_whole(field, one.value) or not is_whole('show:' .. field, one.shown) then
      return false
    end
  end
  return true
end

-- A write whose index is negative replaces, any other stays as it is.
local function store_writes(w)
  for _, one in ipairs(w) do
    local field = write_field(w, one.index)
    local known = has(field)
    if not known or tonumber(one.index) < 0 then
      local number = tonumber(get('writes') or 0) + 1
      set('writes', whole(number))
      local packed = { w.task, one.index, w.path, one.channel, one.value, number, one.shown }
      set(field, cmsgpack.pack(packed))
    end
    if not known then
      give(w.ns, w.id, field)
    end
    for i = 1, not known and pieces(one.value) or 0 do
      give(w.ns, w.id, 'piece:' .. field .. '\1' .. i)
    end
    for i = 1, not known and pieces(one.shown) or 0 do
      give(w.ns, w.id, 'piece:show:' .. field .. '\1' .. i)
    end
  end
end

-- Reads from ARGV what a stored checkpoint is shown as from now on, from place `i` on: ns, id, `snap`
-- or `live`, the text, and the fields that it brings. Returns it, and the next place.
local function read_view(i)
  local v = { ns = ARGV[i], id = ARGV[i + 1], kind = ARGV[i + 2], text = ARGV[i + 3] }
  v.fields, i = read_fields(i + 4)
  return v, i
end

-- A checkpoint that is gone meanwhile is shown no more.
local function store_view(v)
  if not has('ckpt:' .. v.ns .. '\1' .. v.id) then
    return
  end
  for field in pairs(v.fields) do
    if string.sub(field, 1, 5) == 'show:' and not has(field) then
      give(v.ns, v.id, field)
    end
  end
  bring(v.fields)
  local c = checkpoint(v.ns, v.id)
  if not c.shown then
    c.shown = true
    set_checkpoint(v.ns, v.id, c)
  end
  set(v.kind .. ':' .. v.ns .. '\1' .. v.id, v.text)
end
