-- When a waiting call will have its turn, as far as can be told now: that is when its job comes again.
--
-- `ahead` is the time that those before it keep the tightest of their limits busy. A bucket gives
-- that much later. A window does not: it opens for many at once, and only what does not fit in it
-- waits for the next one. A concurrency limit knows how long its calls take on average.

local foresee = {}

function foresee.bucket(counter, amount, ahead)
  return bucket.when(counter, amount) + ahead
end

-- What those ahead will have taken from a window's counter, and how many windows that fills.
local function windows_of(rule, amount, ahead)
  local cap = cap_of(rule)
  local all = ahead * cap / rule.per + amount
  local filled = math.max(0, math.ceil(all / cap) - 1)
  return filled, all - filled * cap
end

function foresee.rolling(counter, amount, ahead)
  local filled, rest = windows_of(counter.rule, amount, ahead)
  return rolling.when(counter, rest) + filled * counter.rule.per
end

function foresee.calendar(counter, amount, ahead)
  local rule, current = counter.rule, start_of(counter.rule, now)
  local cap = math.max(cap_of(rule), amount)
  local left = ahead * cap / rule.per + amount
  for place = 1, #rule.starts - 1 do
    local start = rule.starts[place]
    if start >= current then
      local room = cap - counter.used[start]
      if left <= room then return math.max(now, start) end
      left = left - math.max(0, room)
    end
  end
  return rule.starts[#rule.starts] + math.max(0, math.ceil(left / cap) - 1) * rule.per
end

function foresee.concurrency(counter, _, _, rank)
  local places = math.max(1, math.floor(cap_of(counter.rule)))
  local free = places - counter.held
  if rank < free then return now end
  if not counter.took then return math.huge end
  return now + counter.took * (rank - free + 1) / places
end

-- How many of its lane are before it, and for how long they and other tenants' fair share keep the
-- tightest limit busy.
local function line_before(record, tenant)
  if not waiting then waiting = redis.call('HGETALL', pool .. ':len') end
  local before, rank = '(' .. whole(record.number), 0
  for _, line in ipairs({':q:', ':z:'}) do
    rank = rank + redis.call('ZCOUNT', pool .. line .. record.lane, '-inf', before)
  end
  local mine, weight = rank * record.service, weights[tenant] or 1
  local ahead = mine
  for place = 1, #waiting, 2 do
    if waiting[place] ~= tenant then
      local share = mine / weight * (weights[waiting[place]] or 1)
      ahead = ahead + math.min(tonumber(waiting[place + 1]), share)
    end
  end
  return rank, ahead
end

-- The moment, and the ref that decides it; -1: nobody can tell.
local function turn_of(record)
  local tenant, model, refs = parts_of(record.lane)
  local rank, ahead = line_before(record, tenant)
  -- What a refusal has cut comes back within seconds: who came by the lower rate would be late.
  local frozen = brake_of(model)
  factor = 1
  local at, by = now, nil
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    local amount = counter and amount_of(counter.rule, record) or 0
    if amount > 0 then
      local moment = math.huge
      if counter.missing then
        restore[ref] = true
      else
        moment = foresee[counter.rule.kind](counter, amount, ahead, rank)
      end
      if moment > at then at, by = moment, ref end
    end
  end
  if at == math.huge then return -1, by end
  -- Not all at once when it thaws.
  if frozen > now and frozen + ahead > at then at, by = frozen + ahead, 'frozen' end
  return at, by
end
