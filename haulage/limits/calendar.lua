-- Calendar windows: at most `n` from one boundary to the next.
--
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

function calendar.give_back(counter, amount, at) calendar.correct(counter, amount, 0, at) end

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
