-- Of a job without a thread, what the libraries of threads do for others: nothing. A call that names no
-- thread gets this in their place, so that it does not pay for them.

local thread = {}

local function index() end

local function leave_thread()
  return ''
end

local function is_cut() end

local function has_turn()
  return true
end

local function roll_back() end
