-- Rolling windows: at most `n` in any window of `per`.
--
-- Amounts lie in small buckets of `grain`, bucket i holding [i * grain, (i + 1) * grain), and count
-- until (i + 1) * grain + per + slack: never less than `per + slack` after they were taken, at most
-- one grain longer. So no window of `per` holds more than `n`, also when what was granted at one
-- moment arrives up to `slack` late. Memory: per / grain + 2 numbers.
-- Fields: s the sum, f and l the first and last bucket, and the buckets by their number.

local PAGE = 200

local rolling = {}

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

function rolling.give_back(counter, amount, at) rolling.correct(counter, amount, 0, at) end

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
