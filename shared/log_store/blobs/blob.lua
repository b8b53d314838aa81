-- Stores a piece of a blob under the holder's fence; the last one makes it whole, and gives it its
-- number. What the job has already is not stored again. Repeatable.
-- KEYS  a job's
-- ARGV  1 attempt  2 token  3 open_ttl_ms  4 bytes that all blobs may have  5 sha256  6 size
--       7 media type  8 number of pieces  9 index of the piece and  10 the piece; neither to ask
-- Returns {'ok', number}, {'ok', '0'} where the job's blobs would be too large, {'ok', '-1'} where
-- pieces are wanted, or {'missing'}, {'closed', seq}, {'fenced', attempt}, {'taken', seq}.
local answer = refusal(tonumber(ARGV[1]), ARGV[2])
-- A record below the attempt has forgotten that it was opened; a blob, which stands for itself, may
-- come before it is opened again.
if answer and answer[1] ~= 'hole' then
  return answer
end
local sha256, size, pieces = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[8])
local number = redis.call('HGET', BLOBS, 'n:' .. sha256)
if number then
  return { 'ok', number }
elseif tonumber(redis.call('HGET', BLOBS, 'bytes') or 0) + size > tonumber(ARGV[4]) then
  return { 'ok', '0' }
elseif not ARGV[9] then
  return { 'ok', '-1' }
end
redis.call('HSET', BLOBS, 'p:' .. sha256 .. ':' .. ARGV[9], ARGV[10])
redis.call('PEXPIRE', BLOBS, ARGV[3])
for i = 0, pieces - 1 do
  if redis.call('HEXISTS', BLOBS, 'p:' .. sha256 .. ':' .. i) == 0 then
    return { 'ok', '-1' }
  end
end
number = whole(redis.call('HINCRBY', BLOBS, 'count', 1))
redis.call('HINCRBY', BLOBS, 'bytes', size)
redis.call('HSET', BLOBS, 'n:' .. sha256, number, 'b:' .. number,
  sha256 .. ' ' .. whole(size) .. ' ' .. ARGV[7])
return { 'ok', number }
