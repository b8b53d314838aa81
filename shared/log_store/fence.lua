-- Who may write a log: the holder of its last attempt, by its number and token.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- uses: log_store/log

-- May the holder (attempt, token) write the numbers first..last? Returns a reply that ends the
-- script, or nil for yes. A repeat is recognised before anything else, so that every call may be
-- sent again over a link that lost its reply; what a close left can only be a close's repeat.
local function admit(attempt, token, first, last, closes)
  local r = redis.call('HMGET', JOB, 'status', 'attempt', 'token', 'seq', 'thread')
  local status, held, holder, seq = r[1], tonumber(r[2]), r[3], tonumber(r[4])
  if not status then
    return { 'missing' }
  elseif r[5] and not thread.record then
    return { 'keys', r[5], '' }
  elseif holder == token and seq == last and (closes and FINAL[status] or status == 'running' and not closes) then
    return { 'ok', whole(seq) }
  elseif FINAL[status] then
    return { 'closed', whole(seq) }
  elseif attempt < held or (attempt == held and status ~= 'running') then
    return { 'fenced', whole(held) }
  elseif attempt > held or first > seq + 1 then
    return { 'hole', whole(seq) }
  elseif holder ~= token or first <= seq then
    return { 'taken', whole(seq) }
  elseif not has_turn() then
    return { 'fenced', whole(held) }
  end
  return nil
end

-- May the holder (attempt, token) write at all? Returns a reply that ends the script, or nil for
-- yes. A record below the attempt has forgotten that it was opened: a hole.
local function refusal(attempt, token)
  local r = redis.call('HMGET', JOB, 'status', 'attempt', 'token', 'seq', 'thread')
  local status, held = r[1], tonumber(r[2])
  if not status then
    return { 'missing' }
  elseif r[5] and not thread.record then
    return { 'keys', r[5], '' }
  elseif FINAL[status] then
    return { 'closed', r[4] }
  elseif attempt < held or (attempt == held and status ~= 'running') then
    return { 'fenced', whole(held) }
  elseif attempt > held then
    return { 'hole', r[4] }
  elseif r[3] ~= token then
    return { 'taken', r[4] }
  elseif not has_turn() then
    return { 'fenced', whole(held) }
  end
  return nil
end
