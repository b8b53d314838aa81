-- Put before every script of the checkpoints: how one thread's are kept, and what goes with what.
--
-- KEYS  1 the thread's checkpoints, a hash  2 the job's record, only where the writer is fenced
--
-- Fields, by namespace (ns: '' for the graph itself, a path for each graph inside it) and by id;
-- parts are divided by \1, the names in a list by \0, and neither occurs in them:
--   head:<ns>                          id of the newest checkpoint; `head:` exists = can be resumed
--   ids:<ns>                           all ids, oldest first, with those known only by a write
--   ckpt:<ns>\1<id>                    a checkpoint: parent, span, refs, checkpoint, metadata
--   blob:<ns>\1<channel>\1<version>    a channel's value, shared by all checkpoints that refer to it
--   write:<ns>\1<id>\1<task>\1<index>  what a task wrote on top of the checkpoint
--   own:<ns>\1<id>                     number of fields that go when the checkpoint goes: its writes,
--                                      and the heads of namespaces that its tasks have opened
--   own:<ns>\1<id>\1<n>                each of them; a list would be copied with every write

local ALL = KEYS[1]
local FINAL = { succeeded = true, failed = true, cancelled = true }

local function whole(n)
  return string.format('%.0f', n)
end

local function get(field)
  return redis.call('HGET', ALL, field)
end

local function set(field, value)
  redis.call('HSET', ALL, field, value)
end

local function remove(field)
  redis.call('HDEL', ALL, field)
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

-- From now on the field goes when the checkpoint goes.
local function give(ns, id, field)
  local own = 'own:' .. ns .. '\1' .. id
  local n = redis.call('HINCRBY', ALL, own, 1)
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
          remove('blob:' .. ns .. '\1' .. ref)
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

-- May the holder (attempt, token) write? Returns an answer that ends the script, or nil for yes.
-- A record below the attempt has forgotten that it was opened: its publisher opens it again, and
-- a checkpoint, which stands for itself, may come first.
local function refusal(attempt, token)
  if not KEYS[2] then
    return nil
  end
  local r = redis.call('HMGET', KEYS[2], 'status', 'attempt', 'token', 'seq')
  local status, held = r[1], tonumber(r[2])
  if not status then
    return { 'missing' }
  elseif FINAL[status] then
    return { 'closed', r[4] }
  elseif attempt < held or (attempt == held and status ~= 'running') then
    return { 'fenced', whole(held) }
  elseif attempt == held and r[3] ~= token then
    return { 'taken', r[4] }
  end
  return nil
end
