-- The limiter: one call carries any number of requests for one pool, and all of it happens or none.
--
-- Before this file come prelude.lua, the counters, turns.lua and foresight.lua, after it brakes.lua and
-- run.lua; they are one script. KEYS[1] is `<prefix>limits:{<pool>}`; all keys begin with it, so they
-- share a hash slot. ARGV: the caller's channel, the pool's rules, the operations, both JSON, and in
-- tests alone the moment it is.
--
-- Answer, JSON: [now, generation, answers, the caller's calls that were let through beside those,
-- counters to restore, whether more can go at once, {model: until when it is frozen}].

local CLOCK_ERROR_MS = 5

local line_is_empty

local function nobody_waits()
  if line_is_empty == nil then
    line_is_empty = redis.call('EXISTS', pool .. ':lanes') == 0
  end
  return line_is_empty
end

local function asked_of(requests, tokens) return {requests = requests, tokens = tokens} end

local function come_again(id, record, ttl, state)
  record.client, record.ttl = caller, ttl
  if (state or record.state) == PARKED then stand_in_line(id, record) else keep_record(id, record) end
  line_is_empty = false
  redis.call('ZADD', pool .. ':exp', whole(now + patience), id)
end

-- A place in line: the microsecond at which the call was `asked` for, and in the order of their
-- coming where that is not said. Nobody's clock takes more than a minute. It may be ahead by what
-- processes can know of Redis' clock: cut to this very moment, two calls would share one place.
local function place_of(asked)
  if asked and asked ~= cjson.null then
    return math.max(1000 * (now - 60000), math.min(asked, 1000 * (now + CLOCK_ERROR_MS)))
  end
  return 1000 * now + redis.call('HINCRBY', pool .. ':meta', 'number', 1) % 1000
end

local operations = {}

-- The place of a call whose process is gone, or came to it a second time: that call may have been
-- made and counts until its reservation is void, under a name nobody asks for.
local function bury(id, record)
  local void = redis.call('ZSCORE', pool .. ':exp', id)
  local name = id .. '\n' .. whole(record.at)
  redis.call('ZREM', pool .. ':exp', id)
  redis.call('ZADD', pool .. ':exp', void or whole(now + record.ttl), name)
  drop_record(id)
  keep_record(name, record)
end

-- {'take', id, lane, requests, tokens, ttl, stay, asked}: a reservation; the same id from the same
-- process has the same answer. Not let through now: it waits in line for `stay` milliseconds at most, as
-- foreseen; otherwise it keeps its number and comes again.
function operations.take(id, lane, requests, tokens, ttl, _stay, asked)
  local record = record_of(id)
  if record and record.state == HELD then
    if record.client == caller then
      granted[id] = record.at
      return
    end
    bury(id, record)
    record = nil
  end
  local tenant, model, refs = parts_of(lane)
  if record and record.state ~= EXPIRED then
    record.requests, record.tokens = requests, tokens
    return come_again(id, record, ttl)
  end
  record = {client = caller, lane = lane, requests = requests, tokens = tokens, ttl = ttl}
  local too_large = too_large_for(refs, record)
  if too_large then
    granted[id] = {too_large}
    return
  end
  if nobody_waits() then
    local at = first_room(model, refs, record)
    if at <= soon then return let_through(id, record, refs, at) end
  end
  record.number = place_of(asked)
  record.service = service_time(refs, record)
  stand_in_line(id, record)
  line_is_empty = false
  count_waiting(tenant, record.service)
  redis.call('ZADD', pool .. ':exp', whole(now + patience), id)
end

local function answer_take(id, stay)
  local at = granted[id]
  if type(at) == 'table' then return {'never', at[1]} end
  if at then return {'granted', at} end
  local record = record_of(id)
  local turn, by = turn_of(record)
  local foreseen = turn >= 0 and turn or now
  if record.state == WAITING and foreseen - now > stay then
    leave_line(id, record)
    park(id, record)
    redis.call('ZADD', pool .. ':exp', whole(foreseen + patience), id)
  end
  return {'wait', turn, by or 'turn', record.state == PARKED}
end

-- {'again', id}: the call's process came too late for its moment; it goes to the head of its lane.
function operations.again(id)
  local record = record_of(id)
  if not record or record.state ~= HELD then return nil end
  local tenant, _, refs = parts_of(record.lane)
  give_back(refs, record, record.at)
  record.number = record.number or 0
  record.service = record.service or service_time(refs, record)
  count_waiting(tenant, record.service)
  come_again(id, record, record.ttl, PARKED)
end

-- {'moved', id}: the call goes only now; its amounts count from now on, and push back who comes next.
function operations.moved(id)
  local record = record_of(id)
  if not record or record.state ~= HELD then return {'unknown'} end
  local _, _, refs = parts_of(record.lane)
  give_back(refs, record, record.at)
  take_all(refs, record, now)
  record.at = now
  keep_record(id, record)
  return {'moved'}
end

-- {'settle', id, requests, tokens, generation, lane}: what was really used. Unknown ids are settled
-- already, unless Redis lost everything since the reservation: then the use is counted now.
function operations.settle(id, requests, tokens, born, lane)
  local record, used = record_of(id), asked_of(requests, tokens)
  -- Somebody else's by now: this call's own has been buried.
  if record and record.client ~= caller then return {'unknown'} end
  if record and record.state == HELD then
    local _, _, refs = parts_of(record.lane)
    settle_counters(refs, record, used, record.at)
  elseif (record and record.state == EXPIRED) or (not record and born ~= generation) then
    local _, _, refs = parts_of(lane)
    local open = {}
    for _, ref in ipairs(refs) do
      local counter = counter_of(ref)
      if counter and counter.missing then
        restore[ref] = true
      elseif counter and counter.rule.kind ~= 'concurrency' then
        open[#open + 1] = ref
      end
    end
    take_all(open, record and asked_of(0, tokens) or used, now)
  else
    return {'unknown'}
  end
  drop_record(id)
  redis.call('ZREM', pool .. ':exp', id)
  return {'settled'}
end

-- {'cancel', id}: gives the turn back, whether it waits or was let through for a later moment.
function operations.cancel(id)
  local record = record_of(id)
  if not record or record.state == EXPIRED then return {'unknown'} end
  if record.state == HELD and record.client ~= caller then return {'unknown'} end
  local tenant, _, refs = parts_of(record.lane)
  if record.state ~= HELD then
    leave_line(id, record)
    count_waiting(tenant, -record.service)
  else
    give_back(refs, record, record.at)
  end
  drop_record(id)
  redis.call('ZREM', pool .. ':exp', id)
  return {'cancelled'}
end

-- {'abandon', owner}: nobody comes again for the parked places whose ids begin with it and a full stop.
function operations.abandon(owner)
  local ids = redis.call('ZRANGEBYLEX', pool .. ':owned', '[' .. owner .. '.', '(' .. owner .. '/')
  for _, id in ipairs(ids) do operations.cancel(id) end
  return {'abandoned', #ids}
end

-- {'turn', id}: somebody still waits for it; when its turn comes, as things stand.
function operations.turn(id)
  local record = record_of(id)
  if record and record.state ~= HELD and record.state ~= EXPIRED then
    come_again(id, record, record.ttl)
  end
end

-- {'serve'}: nothing but what every call does in the end.
function operations.serve() return nil end

-- {'adopt', id, lane, requests, tokens, ttl}: a call that is under way, after Redis lost everything.
-- Counters that PostgreSQL must tell come first: one that is begun here would not be restored.
function operations.adopt(id, lane, requests, tokens, ttl)
  if record_of(id) then return {'known'} end
  local _, _, refs = parts_of(lane)
  local complete = true
  for _, ref in ipairs(refs) do
    local counter = counter_of(ref)
    if counter and counter.missing then restore[ref], complete = true, false end
  end
  if not complete then return {'later'} end
  local record = {client = caller, lane = lane, requests = requests, tokens = tokens, ttl = ttl}
  let_through(id, record, refs, now)
  granted[id] = nil
  return {'adopted'}
end

-- {'restore', ref, {{number, amount}, …}}: a counter as PostgreSQL remembers it, unless it is there.
function operations.restore(ref, amounts)
  local counter = counter_of(ref)
  if not counter or not counter.missing then return {'known'} end
  counter.missing = false
  for _, pair in ipairs(amounts) do counter.kind.take(counter, pair[2], pair[1]) end
  counter.dirty, restore[ref] = true, nil
  return {'restored'}
end
