-- Stores elements of lists ahead of the journal's entry that refers to them, where they are too much
-- for one call. Under the holder's fence. Repeatable.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: attempt token open_ttl_ms fields...
-- uses: log_store/log log_store/fence log_store/checkpoints/checkpoints
-- fields: their number, then name and value of each.
-- Returns {'ok'}, or {'missing'}, {'closed', seq}, {'fenced', attempt}, {'hole', seq}, {'taken', seq}.
local reply = refusal(tonumber(attempt), token)
if reply then
  return reply
end
for field, value in pairs(read_fields(fields)) do
  if not has(field) then
    set(field, value)
    if string.sub(field, 1, 5) == 'part:' then
      -- Nothing refers to it yet: the first that does is not one more.
      set('uses:' .. string.sub(field, 6), '-1')
    end
  end
end
save()
keep_state(open_ttl_ms)
return { 'ok' }
