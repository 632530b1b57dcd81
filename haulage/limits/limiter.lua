-- The limiter: one call carries any number of requests for one pool, and all of it happens or none.
--
-- Before this file come counters.lua and turns.lua. KEYS[1] is `<prefix>limits:{<pool>}`; all keys
-- begin with it, so they share a hash slot. ARGV: the caller's channel, the pool's rules, the
-- operations, both JSON, and in tests alone the moment it is.
--
-- Answer, JSON: [now, generation, answers, the caller's calls that were let through beside those,
-- counters to restore, whether more can go at once].

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

local operations = {}

-- {'take', id, lane, requests, tokens, ttl, stay}: a reservation; the same id has the same answer.
-- Not let through now: `stay` waits in line, otherwise it keeps its number and comes again.
function operations.take(id, lane, requests, tokens, ttl, stay)
  local record = record_of(id)
  if record and record.state == HELD then
    granted[id] = record.at
    return
  end
  local tenant, model, refs = parts_of(lane)
  if record and record.state ~= EXPIRED then return come_again(id, record, ttl) end
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
  record.number = redis.call('HINCRBY', pool .. ':meta', 'number', 1)
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
  if not stay and record.state == WAITING then
    leave_line(id, record)
    park(id, record)
  end
  local turn, by = turn_of(record)
  return {'wait', turn, by or 'turn'}
end

-- {'again', id}: the call's process came too late for its moment; it goes to the head of its lane.
function operations.again(id)
  local record = record_of(id)
  if not record or record.state ~= HELD then return nil end
  local tenant, _, refs = parts_of(record.lane)
  settle_counters(refs, record, asked_of(0, 0), record.at)
  record.number = record.number or 0
  record.service = record.service or service_time(refs, record)
  count_waiting(tenant, record.service)
  come_again(id, record, record.ttl, PARKED)
end

-- {'moved', id}: the call goes only now; its amounts count from now on.
function operations.moved(id)
  local record = record_of(id)
  if not record or record.state ~= HELD then return {'unknown'} end
  local _, _, refs = parts_of(record.lane)
  move_counters(refs, record, record.at)
  record.at = now
  keep_record(id, record)
  return {'moved'}
end

-- {'settle', id, requests, tokens, generation, lane}: what was really used. Unknown ids are settled
-- already, unless Redis lost everything since the reservation: then the use is counted now.
function operations.settle(id, requests, tokens, born, lane)
  local record, used = record_of(id), asked_of(requests, tokens)
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
  local tenant, _, refs = parts_of(record.lane)
  if record.state ~= HELD then
    if record.state == WAITING then leave_line(id, record) end
    count_waiting(tenant, -record.service)
  else
    settle_counters(refs, record, asked_of(0, 0), record.at)
  end
  drop_record(id)
  redis.call('ZREM', pool .. ':exp', id)
  return {'cancelled'}
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
function operations.adopt(id, lane, requests, tokens, ttl)
  if record_of(id) then return {'known'} end
  local _, _, refs = parts_of(lane)
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

-- What is void: reservations whose call died, and waiting calls nobody asked for again.
local function expire()
  local void = redis.call('ZRANGEBYSCORE', pool .. ':exp', '-inf', whole(now), 'LIMIT', 0, 50)
  for _, id in ipairs(void) do
    local record = record_of(id)
    redis.call('ZREM', pool .. ':exp', id)
    if record and record.state == HELD then
      local _, _, refs = parts_of(record.lane)
      settle_counters(refs, record, asked_of(record.requests, 0), record.at)
      record.state = EXPIRED
      keep_record(id, record)
      redis.call('ZADD', pool .. ':exp', whole(now + LATE_MS), id)
    elseif record then
      if record.state ~= EXPIRED then
        if record.state == WAITING then leave_line(id, record) end
        count_waiting(parts_of(record.lane), -record.service)
      end
      drop_record(id)
    end
  end
end

local function write_records()
  local set, gone = {}, {}
  for id in pairs(changed) do
    local record = records[id]
    if record then
      set[#set + 1] = id
      set[#set + 1] = cmsgpack.pack(record)
    else
      gone[#gone + 1] = id
    end
  end
  if #set > 0 then redis.call('HSET', pool .. ':rec', unpack(set)) end
  if #gone > 0 then redis.call('HDEL', pool .. ':rec', unpack(gone)) end
end

local function read_all_records(given)
  local ids = {}
  for _, operation in ipairs(given) do
    if type(operation[2]) == 'string' then ids[#ids + 1] = operation[2] end
  end
  if #ids == 0 then return end
  local packed = redis.call('HMGET', pool .. ':rec', unpack(ids))
  for place, id in ipairs(ids) do
    records[id] = packed[place] and cmsgpack.unpack(packed[place])
  end
end

local function run(given)
  local answers = {}
  read_all_records(given)
  expire()
  for place, operation in ipairs(given) do
    local name = operation[1]
    answers[place] = operations[name](unpack(operation, 2)) or false
  end
  serve()
  for place, operation in ipairs(given) do
    if operation[1] == 'take' then
      answers[place] = answer_take(operation[2], operation[7])
    elseif operation[1] == 'turn' or operation[1] == 'again' then
      local id = operation[2]
      local record = record_of(id)
      local known = granted[id] or record and record.state ~= EXPIRED
      if record and record.state == HELD then granted[id] = record.at end
      answers[place] = known and answer_take(id, true) or {'unknown'}
    end
  end
  write_records()
  write_counters()
  for client, calls in pairs(told) do
    if client ~= caller then
      redis.call('PUBLISH', client, cjson.encode({pool, calls}))
    end
  end
  local missing = {}
  for ref in pairs(restore) do missing[#missing + 1] = ref end
  return cjson.encode({now, generation, answers, told[caller] or {}, missing, more})
end

return run(cjson.decode(ARGV[3]))
