-- Counters: what each limit has given out, and when it has room again.
--
-- A counter is a hash at `<pool>:c:<ref>`; a ref is `<code of the limit>:<whose>`. It is read once in
-- a call, changed in memory and written once at the end, however many requests the call carries.
-- Amounts are whole numbers, moments are milliseconds of Redis' clock.
--
-- Their kinds are in bucket.lua, rolling.lua and calendar.lua, and below: concurrency. Each answers
-- `when(counter, amount)`: the first moment from `now` on at which `amount` fits, math.huge when only a
-- settlement can tell.

local counters = {}
local restore = {}

-- ── concurrency: at most `n` held at once ────────────────────────────────────────────────────────

local concurrency = {}

function concurrency.load(counter)
  local held = redis.call('HMGET', counter.key, 'h', 'x', 'm')
  counter.held, counter.x = tonumber(held[1] or 0), tonumber(held[2])
  counter.took = tonumber(held[3])
end

function concurrency.when(counter, amount)
  if counter.held + amount <= math.max(1, math.floor(cap_of(counter.rule))) then return now end
  return math.huge
end

function concurrency.take(counter, amount) counter.held = counter.held + amount end

-- `took`: how long the call held its place; a mean of the last ones is kept.
function concurrency.release(counter, amount, took)
  counter.held = math.max(0, counter.held - amount)
  if took then counter.took = (counter.took or took) * 0.9 + took * 0.1 end
end

function concurrency.give_back(counter, amount) concurrency.release(counter, amount) end

function concurrency.usage(counter) return counter.held, counter.rule.n, now end
function concurrency.keep() return 86400000 end
function concurrency.fields(counter)
  local fields = {'h', whole(counter.held)}
  if counter.took then
    fields[3], fields[4] = 'm', exact(counter.took)
  end
  return fields
end

-- ── all of them ──────────────────────────────────────────────────────────────────────────────────

local kinds = {bucket = bucket, rolling = rolling, calendar = calendar, concurrency = concurrency}

-- nil when the limit has been taken away since the ref was made.
local function counter_of(ref)
  local counter = counters[ref]
  if counter == nil then
    local rule = rules[string.match(ref, '^[^:]*')]
    counter = false
    if rule then
      counter = {ref = ref, rule = rule, kind = kinds[rule.kind], key = pool .. ':c:' .. ref}
      counter.kind.load(counter)
    end
    counters[ref] = counter
  end
  return counter or nil
end

local function amount_of(rule, asked)
  if rule.measure == 'tokens' then return asked.tokens end
  if rule.measure == 'requests' then return asked.requests end
  return 1
end

-- The ref of a limit that does not even have room when nothing else is there.
local function too_large_for(refs, asked)
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    if counter then
      local rule = counter.rule
      if amount_of(rule, asked) > (rule.burst or rule.n) then return ref end
    end
  end
end

-- The first moment at which every limit has room, the ref that decides it, and those that have none
-- before `soon`.
local function room_for(refs, asked)
  local at, by, closed = now, nil, {}
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    local amount = counter and amount_of(counter.rule, asked) or 0
    if amount > 0 then
      local moment
      if counter.missing then
        restore[ref], moment = true, math.huge
      else
        moment = counter.kind.when(counter, amount)
      end
      if moment > soon then closed[#closed + 1] = ref end
      if moment > at then at, by = moment, ref end
    end
  end
  return at, by, closed
end

local function take_all(refs, asked, at)
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    local amount = counter and amount_of(counter.rule, asked) or 0
    if amount > 0 then
      counter.kind.take(counter, amount, at)
      counter.dirty = true
    end
  end
end

-- The call that was let through at `at` has ended: what it reserved becomes what it used, and its
-- places are free. Once for each call.
local function settle_counters(refs, reserved, used, at)
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    if counter then
      if counter.rule.kind == 'concurrency' then
        counter.kind.release(counter, 1, used.requests > 0 and math.max(0, now - at) or nil)
        counter.dirty = true
      else
        local before, after = amount_of(counter.rule, reserved), amount_of(counter.rule, used)
        if before ~= after and not counter.missing then
          counter.kind.correct(counter, before, after, at)
          counter.dirty = true
        end
      end
    end
  end
end

-- The call that was let through at `at` was not made, or not then.
local function give_back(refs, reserved, at)
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    local amount = counter and amount_of(counter.rule, reserved) or 0
    if amount > 0 and not counter.missing then
      counter.kind.give_back(counter, amount, at)
      counter.dirty = true
    end
  end
end

local function write_counters()
  local fresh = {}
  for ref, counter in pairs(counters) do
    if counter and counter.dirty then
      local fields, keep = counter.kind.fields(counter), counter.kind.keep(counter)
      local renewed = not counter.x or counter.x < now + keep
      if renewed then
        fields[#fields + 1] = 'x'
        fields[#fields + 1] = whole(now + 2 * keep)
      end
      redis.call('HSET', counter.key, unpack(fields))
      if renewed then redis.call('PEXPIREAT', counter.key, whole(now + 2 * keep)) end
      if not counter.x then fresh[#fresh + 1] = ref end
    end
  end
  if #fresh > 0 then redis.call('SADD', pool .. ':refs', unpack(fresh)) end
end
