-- Reads some of a tenant's threads that have all the given terms, in their order, from each of some shards.
-- keys: FOUND...
-- args: order down bound terms count most
-- order: 'c' or 'u' (see record.lua). down: '1' for the newest first, otherwise '0'.
-- bound: where to begin: '(' or '[' and a place (time and id), after which to begin or at which; '' at
-- the first one. terms: in a row. count: how many to read. most: how many names to look at.
-- Returns {'ok', how many, the place up to which it has looked or '' for all, place, ..., how many, ...}.
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
local function in_turn(found)
  local others, lead, fewest = {}, 1, nil
  for i = 1, #terms, TERM do
    others[#others + 1] = string.sub(terms, i, i + TERM - 1)
  end
  for n, term in ipairs(#others > 1 and others or {}) do
    local size = redis.call('ZLEXCOUNT', found, range_of(term, bound))
    if not fewest or size < fewest then
      lead, fewest = n, size
    end
  end
  return table.remove(others, lead), others
end

local function read(found, lead, from, n)
  local first, last = range_of(lead, from)
  if down == '1' then
    return redis.call('ZRANGE', found, last, first, 'BYLEX', 'REV', 'LIMIT', 0, n)
  end
  return redis.call('ZRANGE', found, first, last, 'BYLEX', 'LIMIT', 0, n)
end

local function fits(found, others, place)
  for _, term in ipairs(others) do
    if not redis.call('ZSCORE', found, order .. term .. place) then
      return false
    end
  end
  return true
end

-- The places that one shard has, and where it has stopped, or ''.
local function places_of(found)
  local lead, others = in_turn(found)
  local places, from, stop = {}, bound, ''
  local wanted, left = tonumber(count), tonumber(most)
  while wanted > 0 and left > 0 do
    local n = math.min(left, #others > 0 and 100 or wanted)
    local names = read(found, lead, from, n)
    for _, name in ipairs(names) do
      local place = string.sub(name, TERM + 2)
      left, from, stop = left - 1, '(' .. place, place
      if fits(found, others, place) then
        wanted, places[#places + 1] = wanted - 1, place
      end
      if wanted == 0 then
        return places, stop
      end
    end
    if #names < n then
      return places, ''
    end
  end
  return places, stop
end

local reply = { 'ok' }
for n = FOUND, #KEYS do
  local places, stop = places_of(KEYS[n])
  reply[#reply + 1] = whole(#places)
  reply[#reply + 1] = stop
  for _, place in ipairs(places) do
    reply[#reply + 1] = place
  end
end
return reply
