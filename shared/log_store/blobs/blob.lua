-- Stores a piece of a blob under the holder's fence; the last one makes it whole, and gives it its
-- number. What the job has already is not stored again. Repeatable.
-- keys: JOB LOG OPEN CHECKPOINTS BLOBS THREAD...
-- args: attempt token open_ttl_ms most_bytes sha256 size media_type pieces index piece
-- uses: log_store/fence
-- most_bytes: what all blobs may have. pieces: their number. index: of the piece that is given; ''
-- to ask.
-- Returns {'ok', number}, {'ok', '0'} where the job's blobs would be too large, {'ok', '-1'} where
-- pieces are wanted, or {'missing'}, {'closed', seq}, {'fenced', attempt}, {'taken', seq}.
local reply = refusal(tonumber(attempt), token)
-- A record below the attempt has forgotten that it was opened; a blob, which stands for itself, may
-- come before it is opened again.
if reply and reply[1] ~= 'hole' then
  return reply
end
local number = redis.call('HGET', BLOBS, 'n:' .. sha256)
if number then
  return { 'ok', number }
elseif tonumber(redis.call('HGET', BLOBS, 'bytes') or 0) + size > tonumber(most_bytes) then
  return { 'ok', '0' }
elseif index == '' then
  return { 'ok', '-1' }
end
redis.call('HSET', BLOBS, 'p:' .. sha256 .. ':' .. index, piece)
redis.call('PEXPIRE', BLOBS, open_ttl_ms)
for i = 0, pieces - 1 do
  if redis.call('HEXISTS', BLOBS, 'p:' .. sha256 .. ':' .. i) == 0 then
    return { 'ok', '-1' }
  end
end
number = whole(redis.call('HINCRBY', BLOBS, 'count', 1))
redis.call('HINCRBY', BLOBS, 'bytes', size)
redis.call('HSET', BLOBS, 'n:' .. sha256, number, 'b:' .. number, sha256 .. ' ' .. size .. ' ' .. media_type)
return { 'ok', number }
