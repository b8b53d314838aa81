-- Reads some of a tenant's threads in one shard that have all the given terms, in their order.
-- keys: FOUND
-- args: order down bound terms count most
-- order: 'c' or 'u' (see record.lua). down: '1' for the newest first, otherwise '0'.
-- bound: where to begin: '(' or '[' and a place (time and id), after which to begin or at which; '' at
-- the first one. terms: in a row. count: how many to read. most: how many names to look at.
-- Returns {'ok', the place up to which it has looked or '' for all, place, ...}.
local TERM = 10

local function range_of(term, from)
  local first, last = '[' .. order .. term, '(' .. order .. term .. '\255'
  local at = from ~= '' and string.sub(from, 1, 1) .. order .. term .. string.sub(from, 2)
  if down == '1' then
    return first, at or last
  end
  return at or first, last
end

-- The rarest term leads; the others are asked for each place that it gives.
local others, lead, fewest = {}, nil, nil
for i = 1, #terms, TERM do
  others[#others + 1] = string.sub(terms, i, i + TERM - 1)
end
for n, term in ipairs(others) do
  local found = #others > 1 and redis.call('ZLEXCOUNT', FOUND, range_of(term, bound)) or 0
  if not fewest or found < fewest then
    lead, fewest = n, found
  end
end
lead = table.remove(others, lead)

local function read(from, n)
  local first, last = range_of(lead, from)
  if down == '1' then
    return redis.call('ZRANGE', FOUND, last, first, 'BYLEX', 'REV', 'LIMIT', 0, n)
  end
  return redis.call('ZRANGE', FOUND, first, last, 'BYLEX', 'LIMIT', 0, n)
end

local function fits(place)
  for _, term in ipairs(others) do
    if not redis.call('ZSCORE', FOUND, order .. term .. place) then
      return false
    end
  end
  return true
end

local reply, from = { 'ok', '' }, bound
local wanted, left = tonumber(count), tonumber(most)
while wanted > 0 and left > 0 do
  local n = math.min(left, #others > 0 and 100 or wanted)
  local found = read(from, n)
  for _, name in ipairs(found) do
    local place = string.sub(name, TERM + 2)
    left, from, reply[2] = left - 1, '(' .. place, place
    if fits(place) then
      wanted, reply[#reply + 1] = wanted - 1, place
    end
    if wanted == 0 then
      return reply
    end
  end
  if #found < n then
    reply[2] = ''
    return reply
  end
end
return reply
