-- What providers say: refusals, and how much they think is left. And how the pool stands.

local FLOOR, CUT, CUT_EVERY_MS = 0.1, 0.7, 1000

-- {'brake', model or '', freeze in ms}: a refusal. Nothing goes until then, and then a part of the
-- limits, which grows again by `recovery` a second. Refusals of one moment count once.
function operations.brake(model, freeze)
  local brake = brakes[model] or {frozen = 0, part = 1, since = now, cut = 0}
  local part = math.min(1, brake.part + math.max(0, now - brake.since) / 1000 * recovery)
  if now - brake.cut >= CUT_EVERY_MS and now >= brake.frozen then
    part, brake.cut = math.max(FLOOR, part * CUT), now
  end
  brake.frozen = math.max(brake.frozen, now + freeze)
  -- Nothing recovers while it is frozen.
  brake.part, brake.since = part, math.max(now, brake.frozen)
  brakes[model] = brake
  for target, one in pairs(brakes) do
    if one.part + math.max(0, now - one.since) / 1000 * recovery >= 1 and now >= one.frozen then
      brakes[target] = nil
    end
  end
  redis.call('HSET', pool .. ':meta', 'brakes', cmsgpack.pack(brakes))
  return {'braked'}
end

-- {'remaining', lane, measure, left, reset in ms}: what the provider's headers say. Somebody else
-- uses the account too when that is much less than we think; then ours is lowered to it.
function operations.remaining(lane, measure, left, reset)
  local _, model, refs = parts_of(lane)
  local _, part = brake_of(model)
  factor = part
  local nearest
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    local rule = counter and counter.rule
    -- A provider counts the account or the model, over what is short.
    if rule and rule.measure == measure and rule.per and rule.per <= 3600000 and rule.wide
      and not counter.missing and (not nearest or rule.per < nearest.rule.per) then
      nearest = counter
    end
  end
  if not nearest then return {'unknown'} end
  local used, most = nearest.kind.usage(nearest)
  local surprise = math.floor(most - used - left)
  if surprise <= math.max(1, most / 10) then return {'known'} end
  local rule = nearest.rule
  if rule.kind == 'rolling' then
    -- Where it counts until the provider's window is over, and not longer.
    local since = math.max(now - rule.per, math.min(now, now + reset - rule.per - rule.slack))
    nearest.kind.take(nearest, surprise, since)
  else
    nearest.kind.take(nearest, surprise, now)
  end
  nearest.dirty = true
  return {'lowered'}
end

-- {'left', lane}: the counters that a call of this lane counts for, when all have gone that can.
function operations.left() return nil end

local function left_of(lane)
  local _, _, refs = parts_of(lane)
  local found = {}
  factor = 1
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    if counter and not counter.missing then
      local used, most, reset = counter.kind.usage(counter)
      found[#found + 1] = {ref, used, most, reset, now}
    end
  end
  return {'left', found}
end

-- {'standing'}: the counters of the pool as a whole, few however many tenants there are.
function operations.standing()
  local found = {}
  factor = 1
  for code, rule in pairs(rules) do
    if rule.whole and rule.per then
      local counter = counter_of(code .. ':')
      if counter.x then
        local used, most, reset = counter.kind.usage(counter)
        found[#found + 1] = {counter.ref, used, most, reset, now}
      end
    end
  end
  return {'standing', found}
end

-- Who stands in line, by tenant and model: {tenant, model, waiting, parked}.
local function lines()
  local found, by = {}, {}
  local function count(lane, line, place)
    local tenant, model = parts_of(lane)
    local key = tenant .. '\n' .. model
    if not by[key] then
      by[key] = {tenant, model, 0, 0}
      found[#found + 1] = by[key]
    end
    by[key][place] = by[key][place] + redis.call('ZCARD', pool .. line .. lane)
  end
  for _, lane in ipairs(redis.call('ZRANGE', pool .. ':lanes', 0, -1)) do count(lane, ':q:', 3) end
  for _, lane in ipairs(redis.call('SMEMBERS', pool .. ':away')) do count(lane, ':z:', 4) end
  return found
end

-- {'look'}: every counter that holds something, and the lines.
function operations.look()
  local found = {}
  for _, ref in ipairs(redis.call('SMEMBERS', pool .. ':refs')) do
    local counter = counter_of(ref)
    if counter and counter.x then
      factor = 1
      local used, most, reset = counter.kind.usage(counter)
      local room = counter.kind.when(counter, 1)
      found[#found + 1] = {ref, used, most, reset, room < math.huge and room or -1}
    else
      redis.call('SREM', pool .. ':refs', ref)
    end
  end
  local frozen, part = brake_of('')
  for model in pairs(brakes) do
    local until_ms, its = brake_of(model)
    frozen, part = math.max(frozen, until_ms), math.min(part, its)
  end
  return {'looked', found, lines(), math.max(0, frozen - now), part}
end
