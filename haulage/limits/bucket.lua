-- Buckets: `n` in `per`, refilled steadily, at most `burst` at once.
--
-- One number: `full`, the moment at which the bucket would be full. A taking at `at` moves it to
-- max(full, at) + amount * interval. For every interval [u, v] the amounts taken in it are at most
-- burst + rate * (v - u), in whatever order they were committed: the last one committed in it saw
-- full >= u + (the others) * interval, and needed at >= full - (burst - amount) * interval.
--
-- What was taken and not used can be given back as far as the bucket would not have overflowed with
-- it: a taking found it short of full by full - at, its `spare`, and would have found it full if more
-- than that had not been taken before. So the smallest spare since any moment is kept: pairs {moment of
-- commitment, spare}, both ascending; what is older than the first one is not known.

local SPARES = 16

local bucket = {}

-- A limit that is lowered after a refusal still lets the largest single request through in the end.
local function cap_of(rule) return rule.n * factor end

local function interval_of(rule) return rule.per / cap_of(rule) end

function bucket.load(counter)
  local held = redis.call('HMGET', counter.key, 't', 'x', 's')
  counter.full, counter.x = tonumber(held[1] or 0), tonumber(held[2])
  counter.spares = held[3] and cmsgpack.unpack(held[3]) or {}
end

function bucket.when(counter, amount)
  local rule = counter.rule
  local moment = counter.full - (rule.burst - amount) * interval_of(rule)
  -- JSON carries 14 digits: tenths of milliseconds, never rounded to before the moment.
  return math.max(now, math.ceil(moment * 10) / 10)
end

local function note_spare(spares, moment, spare)
  while #spares > 0 and spares[#spares][2] >= spare do table.remove(spares) end
  spares[#spares + 1] = {moment, spare}
  if #spares > SPARES then
    table.remove(spares, 1)
    spares[1][2] = 0
  end
end

function bucket.take(counter, amount, at)
  note_spare(counter.spares, now, math.max(0, counter.full - at))
  counter.full = math.max(counter.full, at) + amount * interval_of(counter.rule)
end

-- `amount` was taken for `at`, at most the horizon before it, and nothing of it was used.
function bucket.give_back(counter, amount, at)
  -- A limit that was lowered since took less for it.
  local most = math.min(amount * counter.rule.per / counter.rule.n, counter.full - now)
  local since = at - (soon - now)
  local later, place = {}, #counter.spares
  while place > 0 and counter.spares[place][1] >= since do
    later[#later + 1] = table.remove(counter.spares)
    most, place = math.min(most, later[#later][2]), place - 1
  end
  most = place == 0 and 0 or math.max(0, most)
  for index = #later, 1, -1 do note_spare(counter.spares, later[index][1], later[index][2] - most) end
  counter.full = counter.full - most
end

-- What a call has used less than it reserved is known at its end, and lost: as a rule the bucket has
-- refilled by then. Windows give it back.
function bucket.correct(counter, reserved, used)
  if used > reserved then bucket.take(counter, used - reserved, now) end
end

function bucket.usage(counter)
  local used = math.max(0, counter.full - now) / interval_of(counter.rule)
  return used, counter.rule.burst, math.max(now, counter.full)
end

function bucket.keep(counter) return math.max(0, counter.full - now) + counter.rule.per end
function bucket.fields(counter)
  return {'t', exact(counter.full), 's', cmsgpack.pack(counter.spares)}
end
