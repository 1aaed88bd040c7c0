-- What wrk sends and counts. Everything comes from the environment, written by wrk.py:
--
--   METHOD, HEADERS (one "name: value" a line), BODY
--   TOKENS   a file of tokens, one a line; each in turn replaces @T@ in the headers and the body
--   FOLLOW   a JSON member of the answer that holds the next token: then each is sent only once
--   ANSWERS  texts, one a line, one of which a right answer contains, whatever its status
--   HARVEST  a file that gets the JSON member HARVEST_MEMBER of every answer
--
-- Reading answers costs wrk time, not the server; without the last three they are not read, and
-- a right answer is one whose status is below 400.

local function given(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function lines(text)
  local found = {}
  for line in (text or ""):gmatch("[^\n]+") do found[#found + 1] = line end
  return found
end

local follow, harvest, member = given("FOLLOW"), given("HARVEST"), given("HARVEST_MEMBER")
local texts = lines(given("ANSWERS"))
local reads_answers = follow or harvest or #texts > 0

local tokens = {}
if given("TOKENS") then
  for token in io.lines(given("TOKENS")) do tokens[#tokens + 1] = token end
end

wrk.method = given("METHOD") or "GET"
wrk.body = given("BODY")
for _, line in ipairs(lines(given("HEADERS"))) do
  local name, value = line:match("^(.-): (.*)$")
  wrk.headers[name] = value
end

local function with(token)
  local function filled(text) return text and (text:gsub("@T@", function() return token end)) end
  local headers = {}
  for name, value in pairs(wrk.headers) do
    if name ~= "Content-Length" then headers[name] = filled(value) end
  end
  return wrk.format(nil, nil, headers, filled(wrk.body))
end

-- A queue of tokens: a connection takes the oldest and, if following, puts back what replaced it.
local first, last = 1, #tokens

local function take()
  if first > last then return "no token is left" end
  local token = tokens[first]
  tokens[first] = nil
  first = first + 1
  return token
end

local function put(token)
  last = last + 1
  tokens[last] = token
end

function init()
  if follow then
    request = function() return with(take()) end
  elseif #tokens > 0 then
    local ready, next_one = {}, 0
    for position, token in ipairs(tokens) do ready[position] = with(token) end
    request = function()
      next_one = next_one % #ready + 1
      return ready[next_one]
    end
  end
end

failed, counts = 0, {}

local function judge(body)
  for position, text in ipairs(texts) do
    if body:find(text, 1, true) then
      counts[position] = (counts[position] or 0) + 1
      return true
    end
  end
  return #texts == 0
end

local function value_of(name, body)
  return body:match('"' .. name .. '"%s*:%s*"([^"]+)"')
end

if reads_answers then
  local basket = harvest and io.open(harvest, "a")
  function response(_, _, body)
    local right = judge(body)
    if follow then
      local token = value_of(follow, body)
      if token then put(token) else right = false end
    end
    if harvest then
      local value = value_of(member, body)
      if value then basket:write(value, "\n") else right = false end
    end
    if not right then failed = failed + 1 end
  end
end

local threads = {}

function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  local wrong = reads_answers and threads[1]:get("failed") or errors.status
  local counted = reads_answers and threads[1]:get("counts") or {}
  for position = 1, #texts do counted[position] = counted[position] or 0 end
  io.write(string.format(
    '\n{"requests":%d,"micros":%d,"p50_us":%d,"p99_us":%d,"failed":%d,"counts":[%s]}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    broken + wrong, table.concat(counted, ",")))
end
