-- Put before every script, with FORMAT from keys.py. What the script's header names comes after it:
-- KEYS under their names, the libraries that it uses, and ARGV under their names.
-- Redis hands scripts text; numbers become text here.

-- Integers beyond 1e14 would otherwise be written in scientific notation.
local function whole(n)
  return string.format('%.0f', n)
end

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
