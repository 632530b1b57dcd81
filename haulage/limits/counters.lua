-- Counters: what each limit has given out, and when it has room again.
--
-- A counter is a hash at `<pool>:c:<ref>`; a ref is `<code of the limit>:<whose>`. It is read once in
-- a call, changed in memory and written once at the end, however many requests the call carries.
-- Amounts are whole numbers, moments are milliseconds of Redis' clock.
--
-- Every kind answers `when(counter, amount)`: the first moment from `now` on at which `amount` fits,
-- math.huge when only a settlement can tell.

local PAGE = 200

local counters = {}
local restore = {}

local function whole(number) return string.format('%.0f', number) end
local function exact(number) return string.format('%.17g', number) end

-- A limit that is lowered after a refusal still lets the largest single request through in the end.
local function cap_of(rule) return rule.n * factor end

-- Fields of a hash by numbers `from`..`to`, as numbers; none counts 0.
local function numbered(key, from, to)
  local found = {}
  while from <= to do
    local last, names = math.min(to, from + PAGE - 1), {}
    for index = from, last do names[#names + 1] = whole(index) end
    local values = redis.call('HMGET', key, unpack(names))
    for place, value in ipairs(values) do
      if value then found[from + place - 1] = tonumber(value) end
    end
    from = last + 1
  end
  return found
end

-- ── bucket: `n` in `per`, refilled steadily, at most `burst` at once ─────────────────────────────
-- One number: `full`, the moment at which the bucket would be full. A taking at `at` moves it to
-- max(full, at) + amount * interval. For every interval [u, v] the amounts taken in it are at most
-- burst + rate * (v - u), in whatever order they were committed: the last one committed in it saw
-- full >= u + (the others) * interval, and needed at >= full - (burst - amount) * interval.

local bucket = {}

local function interval_of(rule) return rule.per / cap_of(rule) end

function bucket.load(counter)
  local held = redis.call('HMGET', counter.key, 't', 'x')
  counter.full, counter.x = tonumber(held[1] or 0), tonumber(held[2])
end

function bucket.when(counter, amount)
  local rule = counter.rule
  local moment = counter.full - (rule.burst - amount) * interval_of(rule)
  -- JSON carries 14 digits: tenths of milliseconds, never rounded to before the moment.
  return math.max(now, math.ceil(moment * 10) / 10)
end

function bucket.take(counter, amount, at)
  counter.full = math.max(counter.full, at) + amount * interval_of(counter.rule)
end

-- What was overestimated is gone: a full bucket overflows, and nobody can tell afterwards whether it
-- would have. Windows give back.
function bucket.correct(counter, reserved, used)
  if used > reserved then bucket.take(counter, used - reserved, now) end
end

function bucket.usage(counter)
  local used = math.max(0, counter.full - now) / interval_of(counter.rule)
  return used, counter.rule.burst, math.max(now, counter.full)
end

function bucket.keep(counter) return math.max(0, counter.full - now) + counter.rule.per end
function bucket.fields(counter) return {'t', exact(counter.full)} end

-- ── rolling: at most `n` in any window of `per` ──────────────────────────────────────────────────
-- Amounts lie in small buckets of `grain`, bucket i holding [i * grain, (i + 1) * grain), and count
-- until (i + 1) * grain + per + slack: never less than `per + slack` after they were taken, at most
-- one grain longer. So no window of `per` holds more than `n`, also when what was granted at one
-- moment arrives up to `slack` late. Memory: per / grain + 2 numbers.
-- Fields: s the sum, f and l the first and last bucket, and the buckets by their number.

local rolling = {}

local function expires(rule, index) return (index + 1) * rule.grain + rule.per + rule.slack end

local function all_buckets(counter)
  if not counter.all then
    counter.all = numbered(counter.key, counter.first, counter.last)
    for index, more in pairs(counter.more) do
      counter.all[index] = (counter.all[index] or 0) + more
    end
  end
  return counter.all
end

local function forget_expired(counter)
  local rule = counter.rule
  if counter.last < counter.first or expires(rule, counter.first) > now then return end
  if expires(rule, counter.last) <= now then
    redis.call('DEL', counter.key)
    counter.sum, counter.first, counter.last, counter.x = 0, 0, -1, nil
    return
  end
  local newest = math.floor((now - rule.per - rule.slack) / rule.grain) - 1
  local old, names = numbered(counter.key, counter.first, newest), {}
  for index, amount in pairs(old) do
    counter.sum = counter.sum - amount
    names[#names + 1] = whole(index)
  end
  if #names > 0 then redis.call('HDEL', counter.key, unpack(names)) end
  counter.first, counter.dirty = newest + 1, true
end

function rolling.load(counter)
  local held = redis.call('HMGET', counter.key, 's', 'f', 'l', 'x')
  counter.missing = counter.rule.persistent and not held[1]
  counter.sum = tonumber(held[1] or 0)
  counter.first, counter.last = tonumber(held[2] or 0), tonumber(held[3] or -1)
  counter.x, counter.more = tonumber(held[4]), {}
  forget_expired(counter)
end

function rolling.when(counter, amount)
  local rule = counter.rule
  local room = math.max(cap_of(rule), amount) - amount
  if counter.sum <= room then return now end
  local left, buckets = counter.sum, all_buckets(counter)
  for index = counter.first, counter.last do
    local there = buckets[index]
    if there then
      left = left - there
      if left <= room then return math.max(now, expires(rule, index)) end
    end
  end
  return math.max(now, expires(rule, counter.last))
end

local function put(counter, index, amount)
  if counter.last < counter.first then
    counter.first, counter.last = index, index
  end
  counter.first, counter.last = math.min(counter.first, index), math.max(counter.last, index)
  counter.sum = counter.sum + amount
  counter.more[index] = (counter.more[index] or 0) + amount
  if counter.all then counter.all[index] = (counter.all[index] or 0) + amount end
end

function rolling.take(counter, amount, at)
  put(counter, math.floor(at / counter.rule.grain), amount)
end

function rolling.correct(counter, reserved, used, at)
  if used > reserved then return rolling.take(counter, used - reserved, now) end
  local index = math.floor(at / counter.rule.grain)
  if used < reserved and index >= counter.first and index <= counter.last then
    put(counter, index, used - reserved)
  end
end

function rolling.usage(counter)
  local reset = now
  if counter.last >= counter.first then reset = math.max(now, expires(counter.rule, counter.last)) end
  return counter.sum, counter.rule.n, reset
end

function rolling.keep(counter)
  local ahead = math.max(0, counter.last * counter.rule.grain - now)
  return ahead + counter.rule.per + counter.rule.slack + 2 * counter.rule.grain
end

function rolling.fields(counter)
  for index, more in pairs(counter.more) do
    redis.call('HINCRBY', counter.key, whole(index), whole(more))
  end
  return {'s', whole(counter.sum), 'f', whole(counter.first), 'l', whole(counter.last)}
end

-- ── calendar: at most `n` from one boundary to the next ──────────────────────────────────────────
-- The caller knows the time zone and says the boundaries around now: `starts`, ascending, the last
-- one being the end of what it knows. Fields: o the current window's start, and the amounts by start.

local calendar = {}

local function start_of(rule, at)
  local start = rule.starts[1]
  for place = 1, #rule.starts - 1 do
    if rule.starts[place] <= at then start = rule.starts[place] end
  end
  return start
end

function calendar.load(counter)
  local names, starts = {'o', 'x'}, counter.rule.starts
  for place = 1, #starts - 1 do names[#names + 1] = whole(starts[place]) end
  local held = redis.call('HMGET', counter.key, unpack(names))
  counter.oldest, counter.x, counter.used = tonumber(held[1]), tonumber(held[2]), {}
  counter.missing = counter.rule.persistent and not held[1]
  for place = 1, #starts - 1 do counter.used[starts[place]] = tonumber(held[place + 2] or 0) end
end

function calendar.when(counter, amount)
  local rule = counter.rule
  local room = math.max(cap_of(rule), amount) - amount
  local current = start_of(rule, now)
  for place = 1, #rule.starts - 1 do
    local start = rule.starts[place]
    if start >= current and counter.used[start] <= room then return math.max(now, start) end
  end
  return rule.starts[#rule.starts]
end

function calendar.take(counter, amount, at)
  local start = start_of(counter.rule, at)
  counter.used[start] = counter.used[start] + amount
end

function calendar.correct(counter, reserved, used, at)
  if used > reserved then return calendar.take(counter, used - reserved, now) end
  local start = start_of(counter.rule, at)
  if at >= start and start >= start_of(counter.rule, now) then
    counter.used[start] = math.max(0, counter.used[start] + used - reserved)
  end
end

function calendar.usage(counter)
  local rule, current = counter.rule, start_of(counter.rule, now)
  for place = 1, #rule.starts do
    if rule.starts[place] > current then
      return counter.used[current], rule.n, rule.starts[place]
    end
  end
end

function calendar.keep(counter)
  return math.max(60000, counter.rule.starts[#counter.rule.starts] - now)
end

function calendar.fields(counter)
  local current = start_of(counter.rule, now)
  if counter.oldest and counter.oldest < current then
    redis.call('HDEL', counter.key, whole(counter.oldest))
  end
  local fields = {'o', whole(current)}
  for start, used in pairs(counter.used) do
    if start >= current and (used > 0 or start == current) then
      fields[#fields + 1] = whole(start)
      fields[#fields + 1] = whole(used)
    end
  end
  return fields
end

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

-- What was let through for `at` goes now. A bucket's place in time is gone.
local function move_counters(refs, asked, at)
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    local amount = counter and amount_of(counter.rule, asked) or 0
    if amount > 0 and (counter.kind == rolling or counter.kind == calendar) then
      counter.kind.correct(counter, amount, 0, at)
      counter.kind.take(counter, amount, now)
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
