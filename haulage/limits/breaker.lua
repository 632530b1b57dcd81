-- A circuit breaker that all processes share: a hash at KEYS[1].
--
-- Fields: s the state (closed 0, open 1, half-open 2), u the moment until which it is open, or the
-- probe's time ends; p the probe; n failures in a row; and, when a rate is set, good and bad calls in
-- slices of a tenth of the window, `<slice>g` and `<slice>b`.
--
-- ARGV: 'ask' | 'good' | 'bad' | 'drop' | 'look' | 'close', the caller's token, the rule as JSON, in tests the
-- moment. Answer: state, milliseconds until it is worth asking again, whether this caller may go on,
-- whether the state changed, failures in a row. What changes is published on the rule's channel:
-- processes that listen need not ask while it is closed.

if redis.replicate_commands then redis.replicate_commands() end

local key, verb, token = KEYS[1], ARGV[1], ARGV[2]
local rule = cjson.decode(ARGV[3])
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local CLOSED, OPEN, HALF = 0, 1, 2
local SLICES = 10
local held = redis.call('HMGET', key, 's', 'u', 'p', 'n')
local state, till, probe = tonumber(held[1] or 0), tonumber(held[2] or 0), held[3]
local failures = tonumber(held[4] or 0)
local before, failures_before = state, failures

local function whole(number) return string.format('%.0f', number) end

local function keep(ms) redis.call('PEXPIRE', key, whole(ms)) end

local function open()
  state, till = OPEN, now + rule.open
  redis.call('DEL', key)
  redis.call('HSET', key, 's', OPEN, 'u', whole(till))
  -- An open breaker nobody asks about is forgotten in the end.
  keep(rule.open + math.max(3600000, rule.window))
end

local function close()
  state, failures = CLOSED, 0
  redis.call('DEL', key)
end

-- Whether too large a part of the calls in the window failed.
local function rate_is_bad(good, bad)
  if rule.rate <= 0 then return false end
  local slice = math.floor(now / (rule.window / SLICES))
  redis.call('HINCRBY', key, whole(slice) .. 'g', good)
  redis.call('HINCRBY', key, whole(slice) .. 'b', bad)
  local fields, goods, bads = redis.call('HGETALL', key), 0, 0
  for place = 1, #fields, 2 do
    local number, kind = string.match(fields[place], '^(%d+)([gb])$')
    if number then
      if tonumber(number) <= slice - SLICES then
        redis.call('HDEL', key, fields[place])
      elseif kind == 'g' then
        goods = goods + fields[place + 1]
      else
        bads = bads + fields[place + 1]
      end
    end
  end
  return goods + bads >= rule.least and bads / (goods + bads) >= rule.rate
end

local may = false
if verb == 'ask' then
  if state == CLOSED then
    may = true
  elseif now >= till then
    -- Open for long enough, or the probe before this one never told.
    state, till, may = HALF, now + rule.probe, true
    redis.call('HSET', key, 's', HALF, 'u', whole(till), 'p', token)
    keep(rule.probe + 3600000)
  elseif state == HALF and probe == token then
    may = true
  end
elseif verb == 'good' then
  if state == HALF then
    if probe == token then close() end
  elseif state == CLOSED then
    if failures > 0 then redis.call('HDEL', key, 'n') end
    rate_is_bad(1, 0)
    if redis.call('EXISTS', key) == 1 then keep(math.max(rule.window, 1000) * 2) end
  end
elseif verb == 'bad' then
  if state == HALF then
    if probe == token then open() end
  elseif state == CLOSED then
    failures = redis.call('HINCRBY', key, 'n', 1)
    keep(math.max(rule.window, 3600000))
    if rate_is_bad(0, 1) or (rule.failures > 0 and failures >= rule.failures) then open() end
  end
elseif verb == 'close' then
  close()
elseif verb == 'drop' and state == HALF and probe == token then
  -- The probe ended without an opinion: the next one may try at once.
  till = now
  redis.call('HSET', key, 'u', whole(till))
end

if state == CLOSED and verb == 'good' then failures = 0 end
local left = 0
if state ~= CLOSED then left = math.max(0, till - now) end
if rule.channel and (state ~= before or failures ~= failures_before) then
  redis.call('PUBLISH', rule.channel, cjson.encode({key, {state, left, failures}}))
end
return {state, may and 0 or left, may and 1 or 0, state ~= before and 1 or 0, failures}
