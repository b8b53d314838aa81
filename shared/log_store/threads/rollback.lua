-- How a cancelled job takes back what it has stored of its thread's state.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- uses: log_store/log log_store/checkpoints/checkpoints
-- without: log_store/threads/none

-- To be called before the job is closed, while it has its turn.
local function roll_back(status)
  if status ~= 'cancelled' or not thread.record then
    return
  end
  local r = redis.call('HMGET', JOB, 'order', 'position', 'rollback')
  if r[3] or is_cut(r[1], 'rollback_cut') then
    redis.call('HSET', JOB, 'rolled_back', '1')
    if r[2] and has_turn() then
      rewind(r[2])
    end
  end
end
